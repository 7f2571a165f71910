import type { Topic } from '../model/ports.ts'

/** Where the answer to a command is told, as one line of JSON: a `CommandResult`. No branch is called so. */
export const answerTopic = (repository: string, id: string): Topic => ({
  repository,
  ref: '',
  commit: id,
})
