/** Runs `work`, and then, whatever became of it, what it has put off, last first, each whatever became of the others. */
export async function undoing<T>(
  work: (defer: (undo: () => Promise<unknown>) => void) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  const errors: unknown[] = [];
  let result: { readonly value: T } | undefined;
  try {
    result = { value: await work((one) => undo.push(one)) };
  } catch (error) {
    errors.push(error);
  }
  for (const one of undo.reverse()) await one().catch((error: unknown) => errors.push(error));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'cannot go on, nor end in order');
  if (result === undefined) throw new Error('cannot tell what came of it');
  return result.value;
}
