import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { deliver, pullRequest, push as pushed, sign } from '../github/deliveries.ts'
import {
  accounts,
  project,
  startRolesSite,
  type RoleProcess,
  type RolesSite,
} from './roles-site.ts'
import { eventually } from '../e2e/site.ts'

// Three processes under three accounts, each with the secrets that are its own: one story, in order.

let site: RolesSite
let webhook: RoleProcess
let plan: RoleProcess
let deploy: RoleProcess

beforeAll(async () => {
  site = await startRolesSite()
  await git('add', '--all')
  const update = await site.fleet.nixcluster('update')
  if (update.exitCode !== 0) throw new Error(update.output)
  await commit('A fleet of one')
  const started = await Promise.all([
    site.start('webhook'),
    site.start('plan'),
    site.start('deploy'),
  ])
  ;[webhook, plan, deploy] = started
}, 300_000)
afterAll(() => site?.stop(), 60_000)
beforeEach(() => onTestFailed(() => console.error(site?.github.requests.slice(-30), site?.story())))
afterEach(() => expect(site.github.problems).toEqual([]))

const git = (...args: string[]): Promise<string> => site.fleet.git(...args)
const headOf = async (ref: string): Promise<string> => (await git('rev-parse', ref)).trim()
const web1 = () => site.lab.machines['web1']!
const read = async (script: string): Promise<string> => (await web1().run(script)).stdout
const generation = () => read(`readlink /nix/var/nix/profiles/system | sed 's/[^0-9]//g'`)

async function commit(message: string): Promise<void> {
  await git('add', '--all')
  await git('commit', '--quiet', '--allow-empty', '-m', message)
}

/** The ids that webhooks were answered with, the newest last. */
const deliveries: string[] = []

async function tell(to: RoleProcess, event: string, payload: unknown): Promise<void> {
  const answer = await deliver(to.url, sign(event, payload, site.secrets.secret))
  expect(answer.status).toBe(202)
  deliveries.push(answer.headers.get('x-request-id') ?? 'none')
}

async function pushMain(to: RoleProcess): Promise<string> {
  await git('push', '--quiet', 'origin', 'HEAD:main')
  const tip = await headOf('HEAD')
  await tell(to, 'push', pushed(project, 'main', '0'.repeat(40), tip))
  return tip
}

/** Pushes what is in the clone as a pull request and tells of it. */
async function pushPull(number: number, branch: string, to: RoleProcess): Promise<string> {
  await git('switch', '--quiet', '--create', branch)
  await commit(`Change ${branch}`)
  const head = await headOf('HEAD')
  await git('push', '--quiet', 'origin', 'HEAD', `HEAD:refs/pull/${number}/head`)
  await git('switch', '--quiet', 'main')
  site.github.pulls.push({ number, branch, head, base: 'main' })
  await tell(to, 'pull_request', pullRequest(project, 'opened', number))
  return head
}

/** Who of them has written a text since now. */
function listening(processes: readonly RoleProcess[]) {
  const heard = new Map(processes.map((one) => [one, one.log().length]))
  return (text: string, who?: RoleProcess): RoleProcess | undefined =>
    processes.find(
      (one) => [undefined, one].includes(who) && one.log().slice(heard.get(one)).includes(text),
    )
}

const statusOf = (commit: string, context: string) =>
  site.github.statuses.findLast((status) => status.sha === commit && status.context === context)

const untilStatus = (commit: string, context: string, state: string) =>
  eventually(
    async () => statusOf(commit, context),
    (status) => status?.state === state,
    90_000,
  )

test('the other two can read neither the key of the machines nor the token that pushes', () => {
  const key = join(deploy.folder, 'machinesKey')
  const token = join(deploy.folder, 'deployToken')
  expect(site.runAs('deploy', 'cat', key)).toBe(0)
  for (const role of ['webhook', 'plan'] as const) {
    expect([site.runAs(role, 'cat', key), site.runAs(role, 'cat', token)]).toEqual([1, 1])
    // Nor what a process of another role has in its memory and its environment.
    expect(site.runAs(role, 'cat', `/proc/${deploy.pid}/environ`)).toBe(1)
  }
  expect(site.runAs('plan', 'cat', join(webhook.folder, 'secret'))).toBe(1)
})

test('each process belongs to the account of its role', async () => {
  for (const { role, pid } of [webhook, plan, deploy])
    expect((await stat(`/proc/${pid}`)).uid).toBe(accounts[role].uid)
})

test('a first push is read, and deployed when a person says so', async () => {
  const tip = await pushMain(webhook)
  await eventually(
    async () => statusOf(tip, 'nixcluster/deploy'),
    (status) => status?.description.includes('nixcluster deploy') === true,
  )
  const said = await site.nixcluster(webhook, 'deploy')
  expect(said).toMatch(/Deployed \w{7} to 1 machine/)
  await untilStatus(tip, 'nixcluster/deploy', 'success')
  expect(await generation()).toBe('1')
  expect(await site.nixcluster(webhook, 'status')).toMatch(/web1.*current/)
}, 120_000)

test('a pull request is planned by one account and its rollout told by the other, in one comment', async () => {
  await site.fleet.edit('clusters/demo.yaml', 'Welcome to', 'Hello from')
  const head = await pushPull(7, 'greeting', webhook)
  await untilStatus(head, 'nixcluster/plan', 'success')
  const comments = () => site.github.comments.filter(({ issue }) => issue === 7)
  expect(comments()).toMatchObject([
    { login: 'fleet-plan', body: expect.stringContaining('/etc/issue') },
  ])
  await git('merge', '--quiet', '--no-ff', '-m', 'Merge greeting', 'greeting')
  const mergedAs = await headOf('HEAD')
  site.github.pulls.splice(0, 1, { ...site.github.pulls[0]!, state: 'closed', mergedAs })
  const merge = await pushMain(webhook)
  await untilStatus(merge, 'nixcluster/deploy', 'success')
  // The story of a push is told under one id, whoever has a part in it.
  expect(plan.log()).toContain(deliveries.at(-2))
  expect(deploy.log()).toMatch(new RegExp(`${deliveries.at(-1)}.*machine confirmed`))
  expect(await read('cat /etc/issue')).toContain('Hello from web1')
  expect(await generation()).toBe('2')
  await eventually(
    async () => comments().map(({ body }) => body),
    (bodies) => bodies.some((body) => body.includes('Deployed to 1 machine')),
  )
  expect(comments()).toHaveLength(1)
}, 120_000)

test('what pushes is deploy alone: nobody else has tried to', () => {
  expect(site.refused).toEqual([])
  expect(webhook.log()).not.toContain('git')
})

test('a second process of webhook takes what the first one cannot take any more', async () => {
  const second = await site.start('webhook')
  await webhook.end('SIGKILL')
  webhook = second
  expect(await site.nixcluster(webhook, 'status')).toMatch(/web1.*current/)
}, 60_000)

test('a second process of plan ends a plan in which the first one was killed', async () => {
  const second = await site.start('plan')
  await writeFile(
    join(site.fleet.clone, 'modules/motd.nix'),
    `{ pkgs, ... }:
{
  environment.etc.motd.source = pkgs.runCommand "slow" { } "sleep 6; echo slow > $out";
}
`,
  )
  const whoSays = listening([plan, second])
  const head = await pushPull(8, 'slow', webhook)
  const busy = await eventually(
    async () => whoSays('"text":"evaluating"'),
    (found) => found !== undefined,
  )
  await busy!.end('SIGKILL')
  const killed = Date.now()
  plan = busy === plan ? second : plan
  await eventually(
    async () => whoSays('"text":"evaluating"', plan),
    (found) => found === plan,
  )
  console.info(`plan was taken over after ${(Date.now() - killed) / 1000} s`)
  await untilStatus(head, 'nixcluster/plan', 'success')
}, 120_000)

test('a second process of deploy ends a rollout in which the first one was killed, and activates nothing twice', async () => {
  const second = await site.start('deploy')
  await writeFile(
    join(site.fleet.clone, 'modules/motd.nix'),
    `{ environment.etc.motd.text = "slow";
       systemd.services.slow = {
         wantedBy = [ "multi-user.target" ];
         serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "/bin/sleep 4"; };
       }; }\n`,
  )
  await commit('Slowly')
  const before = Number(await generation())
  const whoSays = listening([deploy, second])
  const tip = await pushMain(webhook)
  await eventually(
    () => read('systemctl is-active slow'),
    (state) => state === 'activating',
    90_000,
  )
  const busy = whoSays('"text":"machine activating"')
  expect(busy).toBeDefined()
  await busy!.end('SIGKILL')
  const killed = Date.now()
  deploy = busy === deploy ? second : deploy
  await untilStatus(tip, 'nixcluster/deploy', 'success')
  console.info(
    `deploy was taken over, to the end of its rollout, in ${(Date.now() - killed) / 1000} s`,
  )
  expect(Number(await generation())).toBe(before + 1)
  expect(deploy.log()).toContain('a job was taken over from a lost worker')
}, 180_000)
