/** How often the page asks for itself anew, in milliseconds. */
const pollMs = 2000;

/**
 * Of the status page: puts what the agent says now in the place of what it said before, and says when it says nothing.
 * The page is written by the agent in each case, so that there is one way of putting its status in words.
 */
export const script = `
'use strict';
const stale = document.getElementById('stale');
let heardAt = new Date();
async function look() {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error('status ' + answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of ['h1', 'header p', 'main']) {
      const [mine, theirs] = [document.querySelector(part), page.querySelector(part)];
      if (mine.innerHTML !== theirs.innerHTML) mine.replaceChildren(...theirs.childNodes);
    }
    heardAt = new Date();
    document.title = page.title;
    stale.hidden = true;
  } catch {
    stale.textContent = 'The agent does not answer. What is shown here is from ' + heardAt.toLocaleTimeString() + '.';
    stale.hidden = false;
  }
  setTimeout(look, ${pollMs});
}
setTimeout(look, ${pollMs});
`;
