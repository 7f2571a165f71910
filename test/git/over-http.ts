import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** git's own server of a folder of repositories, over HTTP. */
export interface GitOverHttp {
  readonly url: string
  close(): Promise<void>
}

export interface GitOverHttpOptions {
  /** Folder of bare repositories. */
  readonly root: string
  /** Whether a request is let in. */
  readonly opens: (asked: Asked) => boolean
  /** Where requests for a repository are sent; to a page that is none, at `/elsewhere`, for instance. */
  readonly moved?: Readonly<Record<string, (host: string) => string>>
}

/** What a request wants, and what it shows for that. */
export interface Asked {
  /** As `fleet.git`. */
  readonly repository: string
  readonly authorization: string
  /** To fetch, or to push. */
  readonly service: 'git-upload-pack' | 'git-receive-pack'
}

/** Starts it; only Basic authorization is asked for. */
export async function startGitOverHttp(options: GitOverHttpOptions): Promise<GitOverHttp> {
  const server = createServer((request, response) => {
    const { pathname, search, searchParams } = new URL(request.url ?? '', 'http://git')
    const repository = pathname.split('/')[1] ?? ''
    const moved = options.moved?.[repository]
    if (moved !== undefined) {
      response.writeHead(301, { location: moved(request.headers.host ?? '') }).end()
      return
    }
    const { authorization = '' } = request.headers
    const isPush = [searchParams.get('service'), pathname.split('/').at(-1)].includes(receivePack)
    const service = isPush ? receivePack : 'git-upload-pack'
    if (repository === 'elsewhere') response.end('Nothing here.')
    else if (options.opens({ repository, authorization, service }))
      serve(options.root, pathname, search.slice(1), request, response)
    else response.writeHead(403).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const receivePack = 'git-receive-pack'

/** CGI, as far as `git http-backend` asks for it. */
function serve(
  root: string,
  path: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const git = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH']!,
      ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'fleet-bot' },
      ...{ PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method },
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      ...{ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  request.pipe(git.stdin)
  git.stdin.on('error', () => {})
  const chunks: Buffer[] = []
  git.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  git.on('close', () => {
    const answer = Buffer.concat(chunks)
    const end = answer.indexOf('\r\n\r\n')
    const headers = answer
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s))
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200'
    for (const [name = '', value = ''] of headers)
      if (name !== 'Status') response.setHeader(name, value)
    response.writeHead(Number.parseInt(status, 10)).end(answer.subarray(end + 4))
  })
}
