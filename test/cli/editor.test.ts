import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node'
import { modeline, writeEditorFiles } from '../../src/cli/editor.ts'
import { starter } from '../../src/cli/init.ts'

const server = createRequire(import.meta.url).resolve(
  'yaml-language-server/bin/yaml-language-server',
)

/** A repository as `init` writes it, and yaml-language-server in it with the settings from there. */
let folder: string
let connection: MessageConnection
let kill: () => void
const published = new Map<string, (diagnostics: readonly { message: string }[]) => void>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-editor-'))
  for (const [path, text] of starter) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  await writeEditorFiles(folder)
  const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  kill = () => void child.kill()
  connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  )
  connection.onRequest('workspace/configuration', ({ items }: { items: { section: string }[] }) =>
    items.map(({ section }) => settingsOf(section)),
  )
  connection.onRequest('client/registerCapability', () => null)
  connection.onNotification('textDocument/publishDiagnostics', ({ uri, diagnostics }) =>
    published.get(uri)?.(diagnostics),
  )
  connection.listen()
  const root = pathToFileURL(folder).href
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: root,
    workspaceFolders: [{ uri: root, name: 'fleet' }],
    capabilities: {
      workspace: { configuration: true },
      textDocument: { hover: { contentFormat: ['plaintext'] } },
    },
  })
  await connection.sendNotification('initialized', {})
  await connection.sendNotification('workspace/didChangeConfiguration', {
    settings: { yaml: settingsOf('yaml') },
  })
})

afterAll(() => {
  connection.dispose()
  kill()
  rmSync(folder, { recursive: true, force: true })
})

/** The settings of one section as VS Code would hand them over; nothing from the network. */
function settingsOf(section: string): Record<string, unknown> {
  const written = JSON.parse(readFileSync(join(folder, '.vscode/settings.json'), 'utf8')) as object
  const own = Object.entries(written)
    .filter(([key]) => key.startsWith(`${section}.`) && key !== 'yaml.schemas')
    .map(([key, value]) => [key.slice(section.length + 1), value])
  const basics = { validate: true, hover: true, completion: true, schemaStore: { enable: false } }
  return section === 'yaml' ? { ...basics, ...Object.fromEntries(own) } : {}
}

/** Opens a file below clusters/ and gives what is said about it. */
async function open(name: string, text: string) {
  const uri = pathToFileURL(join(folder, 'clusters', name)).href
  const diagnostics = new Promise<readonly { message: string }[]>((done) =>
    published.set(uri, done),
  )
  const textDocument = { uri, languageId: 'yaml', version: 1, text: modeline(1) + text }
  await connection.sendNotification('textDocument/didOpen', { textDocument })
  return { uri, diagnostics: (await diagnostics).map(({ message }) => message) }
}

test('what init writes has no complaints in an editor, nor have values with our tags', async () => {
  for (const [path, text] of starter) {
    if (!path.startsWith('clusters/')) continue
    expect((await open('first.yaml', text)).diagnostics).toEqual([])
  }
  const tagged = `apiVersion: nixcluster/v1
kind: Cluster
name: b.internal
services:
  web:
    selectors: [vm*]
    settings: { all: !ips vm*, first: !ip { select: vm0, as: "http://{ip}" }, more: !fqdns [vm0] }
machines:
  vm0:
    deployment: { targetHost: !ip eno1.vm0 }
    config: { environment.systemPackages: !nix "[ pkgs.htop ]", x: !force true }
`
  expect((await open('tagged.yaml', tagged)).diagnostics).toEqual([])
})

test('a misspelt key and a wrong type are underlined', async () => {
  const text = `apiVersion: nixcluster/v1
kind: Machine
name: vm9.example.internal
sytem: x86_64-linux
tags: rack-a
`
  const { diagnostics } = await open('mistakes.yaml', text)
  expect(diagnostics).toEqual(
    expect.arrayContaining([
      expect.stringContaining('Property sytem is not allowed'),
      expect.stringContaining('Expected "array"'),
    ]),
  )
})

test('keys of the kind are completed, with what they mean', async () => {
  const text = `apiVersion: nixcluster/v1
kind: Machine
name: vm9.example.internal
deployment:
  
`
  const deployment = await complete('deployment.yaml', text, 5, 2)
  expect(deployment.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['targetHost', 'sshUser', 'hostKey', 'magicRollback']),
  )
  expect(JSON.stringify(deployment.find(({ label }) => label === 'port'))).toContain('SSH port')
  const machine = await complete('machine.yaml', text.replace(/deployment:[^]*/, '\n'), 4, 0)
  const labels = machine.map(({ label }) => label)
  expect(labels).toEqual(expect.arrayContaining(['interfaces', 'virtualHosts', 'tags']))
  expect(labels).not.toContain('clusters')
})

async function complete(name: string, text: string, line: number, character: number) {
  const { uri } = await open(name, text)
  const { items } = (await connection.sendRequest('textDocument/completion', {
    textDocument: { uri },
    position: { line, character },
  })) as { items: readonly { label: string; documentation?: unknown }[] }
  return items
}

test('hovering over a key shows its description, that of the place where it stands', async () => {
  const text = `apiVersion: nixcluster/v1
kind: Machine
name: vm9.example.internal
interfaces: { eth0: { mtu: 9000 } }
data: { rack: 7 }
`
  const { uri } = await open('hovered.yaml', text)
  const hover = async (line: number, character: number): Promise<string> =>
    JSON.stringify(
      await connection.sendRequest('textDocument/hover', {
        textDocument: { uri },
        position: { line, character },
      }),
    )
  expect(await hover(4, 23)).toContain('Size of the largest packet')
  expect(await hover(5, 1)).toContain('About the machine itself')
})
