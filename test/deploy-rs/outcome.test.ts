import { expect, test } from 'vitest'
import { tellingLines } from '../../src/deploy-rs/outcome.ts'

const info = '[\u001b[38;5;51mINFO\u001b[0m]'
const warn = '[\u001b[38;5;208mWARN\u001b[0m]'
const error = '[\u001b[38;5;196mERROR\u001b[0m]'

test('what a failing unit says is kept, what deploy-rs and the rollback say is not', () => {
  const log = [
    `⭐ ℹ️ [activate] ${info} Activating profile`,
    'activating the configuration...',
    'setting up /etc...',
    'Job for web.service failed because the control process exited with error code.',
    'warning: the following units failed: web.service',
    'Nov 23 08:49:47 web systemd[1]: Failed to start web.service.',
    `⭐ ⚠️ [activate] ${warn} De-activating due to error`,
    'switching profile from version 3 to 2',
    'restarting the following units: web.service',
    `⭐ ❌ [activate] ${error} Nix activation script command resulted in a bad exit status: exit status: 4. The failed command is provided below:`,
    'Command { std: cd "/nix/var/nix/profiles/system" && BOOT="0" "/nix/deploy-rs-activate" }',
  ]
  expect(tellingLines(log)).toEqual([
    'Job for web.service failed because the control process exited with error code.',
    'warning: the following units failed: web.service',
    'Nov 23 08:49:47 web systemd[1]: Failed to start web.service.',
  ])
})

test('a confirmation that did not come is told in activate’s words', () => {
  const log = [
    `⭐ ℹ️ [activate] ${info} Waiting for confirmation event...`,
    `⭐ ⚠️ [activate] ${warn} De-activating due to error`,
    `⭐ ❌ [activate] ${error} Failed to get activation confirmation: Timeout elapsed for confirmation`,
  ]
  expect(tellingLines(log)).toEqual([
    'Failed to get activation confirmation: Timeout elapsed for confirmation',
  ])
})

test('what the gate or Nix refuses is found in the log of deploy-rs', () => {
  const log = [
    `🚀 ℹ️ [deploy] ${info} Evaluating flake in path:/runs/1/flake`,
    '["web.example.com".system]',
    'user = "nixcluster"',
    '📠 nixcluster: the gate refuses: what runs is not the newest generation',
    `🚀 ❌ [deploy] ${error} SSH activation command command resulted in a bad exit status: exit status: 75. The failed command is provided below:`,
    'Command { std: "ssh" "root@web.example.com" }',
  ]
  expect(tellingLines(log)).toEqual([
    'nixcluster: the gate refuses: what runs is not the newest generation',
  ])
})

test('control characters of strangers do not reach a terminal', () => {
  expect(tellingLines(['\u001b]0;owned\u0007\u001b[2Jerror: \u0008no\u0000'])).toEqual([
    'error: no',
  ])
})

test('the last lines are kept, each once', () => {
  const log = Array.from({ length: 50 }, (_, index) => `error ${index}`)
  expect(tellingLines([...log, 'error 49'], 2)).toEqual(['error 48', 'error 49'])
})
