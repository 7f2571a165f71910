import { expect, test } from 'vitest'
import { parseLook } from '../../src/ssh/reading.ts'

const answer = `Welcome to web!
nixcluster-answer
locked=false
switching=false
profile=/nix/store/p-activatable
profileSystem=/nix/store/s-system
running=/nix/store/s-system
booted=/nix/store/s-system
generation=12
newest=13
activatable=true
bootId=b1
uptime=500
failedUnit=web.service
failedUnit=mail.service
lease.ledger=l1
lease.n=7
lease.run=r1
lease.owner=controller 4711
lease.path=/nix/store/w-activatable
lease.before=/nix/store/s-system
lease.bootId=b1
lease.uptime=400
lease.limit=240
lease.failedBefore=mail.service
lease.stage=unconfirmed
lease.started=410
lease.ended=425
log=ExecStart=/bin/false --option=1
log=
log=nixcluster-end of a line is not the end
nixcluster-end
`

test('an answer is read, whatever a login shell says before it', () => {
  expect(parseLook(answer)).toEqual({
    reading: {
      locked: false,
      switching: false,
      profile: '/nix/store/p-activatable',
      profileSystem: '/nix/store/s-system',
      running: '/nix/store/s-system',
      booted: '/nix/store/s-system',
      generation: 12,
      newest: 13,
      activatable: true,
      bootId: 'b1',
      uptime: 500,
      failedUnits: ['web.service', 'mail.service'],
      lease: {
        ledger: 'l1',
        n: 7,
        run: 'r1',
        owner: 'controller 4711',
        path: '/nix/store/w-activatable',
        bootId: 'b1',
        uptime: 400,
        before: '/nix/store/s-system',
        stage: 'unconfirmed',
      },
    },
    failedBefore: ['mail.service'],
    activeSeconds: 15,
    log: ['ExecStart=/bin/false --option=1', '', 'nixcluster-end of a line is not the end'],
  })
})

test('an answer that was cut is none', () => {
  expect(parseLook(answer.slice(0, -20))).toBeUndefined()
  expect(parseLook('')).toBeUndefined()
})

test('a machine on which nothing of Nix runs has empty values and no lease', () => {
  const look = parseLook(
    'nixcluster-answer\nlocked=false\nprofile=\nrunning=\ngeneration=\nbootId=b1\nnixcluster-end\n',
  )
  expect(look?.reading).toMatchObject({ profile: '', running: '', generation: 0, newest: 0 })
  expect(look?.reading.lease).toBeUndefined()
  expect(look?.failedBefore).toBeUndefined()
})

test('an unknown stage proves neither a fault nor a success', () => {
  const look = parseLook(answer.replace('stage=unconfirmed', 'stage=splendid'))
  expect(look?.reading.lease?.stage).toBe('started')
})

test('while an attempt lives its seconds are counted until now', () => {
  expect(parseLook(answer.replace('lease.ended=425\n', ''))?.activeSeconds).toBe(90)
})
