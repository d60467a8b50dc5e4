/** Time that must simply pass: how long a life or an outage lasts is what is tried here. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
