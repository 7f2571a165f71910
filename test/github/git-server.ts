import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** git's own server behind HTTP, as a forge has it: a token reads, or pushes too. */
export interface GitServer {
  readonly url: string
  /** `plan git-receive-pack`: who asked for what and was refused. */
  readonly refused: string[]
  close(): Promise<void>
}

export interface GitServerOptions {
  /** Folder with bare repositories, below their projects. */
  readonly root: string
  /** token -> who has it, and whether that is one who may push. */
  readonly tokens: Readonly<Record<string, { readonly who: string; readonly mayPush: boolean }>>
}

/** Serves repositories by `git http-backend`; whoever has no token sees nothing. */
export async function startGitServer({ root, tokens }: GitServerOptions): Promise<GitServer> {
  const backend = `${execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()}/git-http-backend`
  const refused: string[] = []

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://git')
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ')
    const [, token = ''] = Buffer.from(basic, 'base64').toString().split(':')
    const who = tokens[token]
    const service = url.searchParams.get('service') ?? url.pathname.split('/').at(-1) ?? ''
    if (who === undefined || (service === 'git-receive-pack' && !who.mayPush)) {
      refused.push(`${who?.who ?? 'nobody'} ${service}`)
      response.writeHead(who === undefined ? 401 : 403, { 'www-authenticate': 'Basic' }).end()
      return
    }
    const cgi = spawn(backend, [], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: who.who,
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        ...(request.headers['content-length'] === undefined
          ? {}
          : { CONTENT_LENGTH: request.headers['content-length'] }),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    request.pipe(cgi.stdin)
    cgi.stdin.on('error', () => {})
    answer(cgi.stdout, response)
  }

  const server = createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A CGI's answer: headers, an empty line, the body. */
function answer(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0)
  output.on('data', (chunk: Buffer) => {
    if (head === undefined) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const headers = head.subarray(0, end).toString().split('\r\n')
    const status = headers.find((line) => line.startsWith('Status: '))?.slice(8, 11)
    response.statusCode = Number(status ?? 200)
    for (const line of headers) {
      const [name = '', value = ''] = line.split(/: (.*)/s)
      if (name !== 'Status') response.setHeader(name, value)
    }
    response.write(head.subarray(end + 4))
    head = undefined
  })
  output.on('end', () => response.end())
}
