import { createHash } from 'node:crypto'
import type { Annotation, Forge } from '../model/forge.ts'
import { cutBytes, cutCharacters, cutMarkdown } from './cut.ts'
import { all, ask, perPage, type GithubClient } from './github-client.ts'

/** How many annotations GitHub takes at once. */
const batch = 50

/**
 * GitHub's limits: of a summary in what it calls characters and counts as bytes, of a message, of a title.
 * https://github.com/github/rest-api-description/issues/5399
 */
const longest = { summary: 65_535, message: 65_535, title: 255 }

const levels = { error: 'failure', warning: 'warning', notice: 'notice' } as const

/** Check runs: only apps may write them, so with a token there are none. */
export function createGithubChecks(client: GithubClient): Pick<Forge, 'ensureCheck'> {
  const { owner, repo, request, isApp } = client
  if (!isApp) return { ensureCheck: () => Promise.resolve() }

  /** The newest run of that name; another app's may have the same name. */
  async function findRun(commit: string, name: string) {
    const us = await client.login()
    const runs = await all(async (page) => {
      const { data } = await ask(`reading the checks of ${commit}`, () =>
        request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
          ...{ owner, repo, ref: commit, check_name: name, per_page: perPage, page },
        }),
      )
      return { data: data.check_runs }
    })
    return runs
      .filter(({ app }) => `${app?.slug}[bot]` === us)
      .reduce<(typeof runs)[number] | undefined>(
        (newest, run) => (newest === undefined || run.id > newest.id ? run : newest),
        undefined,
      )
  }

  return {
    async ensureCheck(commit, check) {
      const { name } = check
      const annotations = check.annotations.map(toAnnotation)
      const lines = digest(annotations)
      // What a run is of stands in it, so that nothing has to be compared with what GitHub made of it.
      const external_id = `${lines} ${digest([check.state, check.title, check.summary])}`
      const output = {
        title: cutCharacters(check.title, longest.title),
        summary: cutMarkdown(check.summary, longest.summary, { note: '\n\n*It ends here.*' }),
      }
      const found = await findRun(commit, name)
      const had = found?.output.annotations_count ?? 0
      if (found?.external_id === external_id && found.status === 'completed') return
      // GitHub adds annotations to a run and takes none away: where others stand, a newer run of the same
      // name takes its place. One that broke off goes on where it did.
      const isGoingOn = found?.external_id?.startsWith(lines) === true || had === 0
      let run = isGoingOn ? found?.id : undefined
      let sent = run === undefined ? 0 : had
      do {
        const next = annotations.slice(sent, sent + batch)
        sent += next.length
        const isLast = sent >= annotations.length
        const fields = {
          ...{ owner, repo, external_id, output: { ...output, annotations: next } },
          ...(isLast
            ? { status: 'completed' as const, conclusion: check.state }
            : { status: 'in_progress' as const }),
        }
        run = await (
          run === undefined
            ? ask(`writing the check of ${commit}`, () =>
                request('POST /repos/{owner}/{repo}/check-runs', {
                  ...{ ...fields, name, head_sha: commit },
                }),
              )
            : ask(`changing the check of ${commit}`, () =>
                request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
                  ...{ ...fields, check_run_id: run! },
                }),
              )
        ).then(({ data }) => data.id)
      } while (sent < annotations.length)
    },
  }
}

function toAnnotation({ file, line, endLine, severity, title, message }: Annotation) {
  return {
    ...{ path: file, start_line: line, end_line: endLine, annotation_level: levels[severity] },
    message: cutBytes(message, longest.message),
    title: cutCharacters(title, longest.title),
  }
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)
