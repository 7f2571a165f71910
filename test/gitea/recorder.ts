import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkRequest } from './description.ts'

/** Stands before a real Gitea and writes down what it is asked. */
export interface Recorder {
  readonly apiUrl: string
  /** `GET /repos/example/fleet/pulls`, ... */
  readonly requests: string[]
  /** What Gitea's description says against a request; must stay empty. */
  readonly problems: string[]
  close(): Promise<void>
}

/** Passes every request on to the Gitea at `url`. */
export async function startRecorder(url: string): Promise<Recorder> {
  const requests: string[] = []
  const problems: string[] = []
  const server = createServer(async (request, response) => {
    request.setEncoding('utf8')
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const asked = new URL(request.url ?? '', url)
    const method = request.method ?? ''
    const path = asked.pathname.replace(/^\/api\/v1/, '')
    requests.push(`${method} ${path}`)
    const query = Object.fromEntries(asked.searchParams)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const wrong = checkRequest({ method, path, query, body })
    problems.push(...wrong.map((problem) => `${method} ${path}: ${problem}`))
    const { authorization = '', 'content-type': type } = request.headers
    const answer = await fetch(asked, {
      method,
      headers: { authorization, ...(type === undefined ? {} : { 'content-type': type }) },
      ...(text === '' ? {} : { body: text }),
    })
    const headers = Object.fromEntries(
      ['content-type', 'x-total-count']
        .map((name) => [name, answer.headers.get(name)] as const)
        .filter(([, value]) => value !== null),
    )
    response.writeHead(answer.status, headers as Record<string, string>)
    response.end(await answer.text())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    ...{ requests, problems },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
