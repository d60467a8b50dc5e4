import * as v from 'valibot';
import { ServiceError } from './service-error.ts';

/** Checks a body against its schema. Throws a ServiceError (400) that names the field and what is wrong with it. */
export function parseInput<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  throw new ServiceError('ArgumentInvalid', `cannot use ${what}: ${describeIssues(result.issues)}`);
}

export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .map((issue) => {
      const path = v.getDotPath(issue);
      return path === null ? issue.message : `${path}: ${issue.message}`;
    })
    .join('; ');
}
