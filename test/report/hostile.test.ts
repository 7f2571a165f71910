import fc from 'fast-check'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { parseFragment } from 'parse5'
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import type { Plan } from '../../src/model/plan.ts'
import { doneText, refusedText, unknownText } from '../../src/report/command-answers.ts'
import { sizeOf } from '../../src/report/markdown.ts'
import { conflictComment, planComment, staleComment } from '../../src/report/plan-comment.ts'
import { problemsComment } from '../../src/report/problems-comment.ts'
import { rolloutComment, waitingComment } from '../../src/report/rollout-comment.ts'
import { diff } from './example-plan.ts'
import { rolloutInput } from './example-rollouts.ts'

/** Text of others in every field, rendered as a forge does it. */

interface Node {
  readonly nodeName: string
  readonly value?: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

const rendered = (markdown: string): Node =>
  parseFragment(
    micromark(markdown, {
      allowDangerousHtml: true,
      allowDangerousProtocol: true,
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
    }),
  ) as unknown as Node

/** The elements, without what stands in them; code and links within a line are text. */
function skeleton({ nodeName, childNodes = [] }: Node): string {
  const inner = childNodes.map(skeleton).join('')
  if (['#text', 'code', 'a'].includes(nodeName)) return inner
  return `<${nodeName}>${inner}</>`
}

const links = ({ attrs = [], childNodes = [] }: Node): readonly string[] => [
  ...attrs.map(({ name, value }) => (name === 'href' ? value : `${name}=${value}`)),
  ...childNodes.flatMap(links),
]

/** What a forge looks through for mentions and references. */
const textOf = ({ nodeName, value = '', childNodes = [] }: Node): string =>
  ['code', 'pre', 'a'].includes(nodeName) ? ' ' : value + childNodes.map(textOf).join('')

const reacts = [
  /@[\w-]/, // a mention, or an address of mail
  /#\d/, // an issue
  /!\d/, // a merge request
  /\bGH-\d/i,
  /:\/\/\S/,
  /www\.\w/i,
  /:[\w+-]+:/, // a picture
  /\b(mailto|xmpp):\S/i,
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/,
]

const nasty = [
  '@all',
  'a@evil.example',
  '#1',
  'o/r#2',
  '!3',
  'GH-4',
  'https://evil.example',
  'HTTP://evil.example',
  'ftp://evil.example',
  'www.evil.example',
  '_www.evil.example',
  'mailto:a@evil.example',
  'xmpp:a@evil.example/x',
  '[x](https://evil.example)',
  '![x](https://evil.example/x.png)',
  '[x]: https://evil.example',
  '[^1]',
  '<img src=x onerror=alert(1)>',
  '<https://evil.example>',
  '</details>',
  '</summary>',
  '<!--',
  '-->',
  '<script>',
  '&lt;b&gt;',
  '&#64;all',
  '`',
  '``',
  '```',
  '~~~',
  '\n```\n',
  '\n~~~\n',
  '\n\n# title\n\n',
  '\n</details>\n',
  '\r',
  '\r\n\r\n',
  '|',
  '\\|',
  '\\\\|',
  '\\',
  '*',
  '**',
  '_',
  '__',
  '~~',
  '$',
  '$$',
  '- ',
  '+ ',
  '1. ',
  '1) ',
  '> ',
  '===',
  '---',
  '    ',
  '\t',
  ':tada:',
  ':100:',
  '(',
  ')',
  '..',
  '/../',
  '%0a',
  '\0',
  '\x1b[2J',
  '\u202e',
  '\ud800',
  '\u2028',
  '\u00a0',
  '/nixcluster deploy',
  '\n/nixcluster deploy\n',
  'x'.repeat(400),
  '😀'.repeat(200),
]

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 6 })), {
    maxLength: 7,
  })
  .map((parts) => parts.join(''))

/** Gives each field of a plan a text; `plain` gives one that nothing can be wrong with. */
type Say = (plain: string) => string

const planOf = (say: Say): Plan => ({
  title: { branch: say('branch'), head: say('head'), base: say('base'), baseCommit: say('basec') },
  kind: 'evaluated',
  machines: [
    {
      name: say('ma'),
      pending: true,
      diff: diff({
        before: say('before'),
        after: say('after'),
        reboot: ['kernel'],
        units: [{ name: say('ua'), kind: 'changed', effect: 'restarts', patch: `@@ ${say('up')}` }],
        files: [
          { path: say('fa'), kind: 'changed', patch: `+${say('fp')}` },
          { path: say('fb'), kind: 'added', sizeAfter: 12 },
        ],
        packages: [{ name: say('pa'), before: [say('pb')], after: [say('pc')] }],
        users: [{ name: say('us'), kind: 'changed', what: [say('uw')] }],
        ports: [{ port: say('po'), kind: 'opens' }],
        virtualHosts: [
          {
            name: say('vh'),
            kind: 'changed',
            diff: diff({
              files: [{ path: say('vf'), kind: 'changed', patch: say('vp') }],
              units: [{ name: say('vu'), kind: 'added', effect: 'starts' }],
            }),
          },
        ],
      }),
    },
    { name: say('mb'), diff: diff({ compared: 'derivations' }) },
    { name: say('mc') },
  ],
  unaffected: [say('un')],
  removed: [say('re')],
  removals: 3,
  reasons: [
    { place: `${say('pl')}:3`, text: say('rt'), machines: [say('rm')] },
    { text: say('ru'), machines: [] },
  ],
  failures: [{ machine: say('fm'), stage: 'build', message: say('fe') }],
  approvedBy: say('ap'),
  paused: [],
  waits: say('wa'),
  rollout: say('ro'),
})

const blob = 'https://forge.example/o/r/blob/3f2c1a9'

const problemsOf = (say: Say): readonly Diagnostic[] => [
  {
    ...{ line: 3, column: 4, endLine: 3, endColumn: 9, severity: 'error', code: 'schema/x' },
    message: say('me'),
    file: say('fi'),
    hint: say('hi'),
  },
]

const rolloutOf = (say: Say) => {
  const input = rolloutInput(
    { [`${say('ra')}`]: [{ state: 'held', note: say('rn') }] },
    { state: 'stopped', source: say('so'), reason: say('rr') },
    { planned: say('pl') },
  )
  const [name = ''] = Object.keys(input.standings)
  return { ...input, lines: { [name]: [say('la'), say('lb')] } }
}

const texts: Readonly<Record<string, (say: Say) => string>> = {
  'a plan': (say) =>
    planComment(planOf(say), { showContents: true, blob, warnings: problemsOf(say) }),
  'a plan without contents': (say) => planComment(planOf(say), { showContents: false, blob }),
  'a static plan': (say) =>
    planComment({ ...planOf(say), kind: 'static' }, { showContents: true, blob }),
  'a plan of a moved base': (say) =>
    staleComment(planComment(planOf(say), { showContents: true, blob }), {
      base: say('ba'),
      baseCommit: say('bc'),
    }),
  'a conflict': (say) => conflictComment(planOf(say).title, [say('ca'), say('cb')]),
  mistakes: (say) => problemsComment(problemsOf(say), { head: say('he'), blob }),
  'a rollout': (say) => rolloutComment(rolloutOf(say)),
  'a rollout that waits': (say) => waitingComment(say('ws'), say('ww')),
  'an unknown command': (say) => unknownText(say('uc')),
  'a refusal': (say) => refusedText(say('rf')),
  'an answer': (say) => doneText(say('do')),
}

describe.each(Object.entries(texts))('%s', (_, make) => {
  const plain = rendered(make((word) => `${word}q`))

  test('has no element, link, mention or command that comes from text of others', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 40 }), (all) => {
        let at = 0
        const words = new Map<string, string>()
        // Ends in a letter, so that it is there at all and no two are the same.
        const say: Say = (word) => {
          const known = words.get(word) ?? `${all[at++ % all.length]}${word}q`
          words.set(word, known)
          return known
        }
        const markdown = make(say)
        const tree = rendered(markdown)
        expect(skeleton(tree)).toBe(skeleton(plain))
        const foreign = links(tree).filter(
          (link) => !link.startsWith(`${blob}/`) && !/^(align|class|open|type)=/.test(link),
        )
        expect(foreign).toEqual([])
        const found = reacts.flatMap((pattern) => pattern.exec(textOf(tree))?.[0] ?? [])
        expect(found).toEqual([])
        const outside = markdown.replaceAll(/^(`{3,})(?!`)[^`\n]*\n[^]*?\n\1$/gm, '')
        expect(outside).not.toMatch(/^ {0,3}\/nixcluster/m)
        expect(sizeOf(markdown)).toBeLessThanOrEqual(65_000)
      }),
      { numRuns: 100 },
    )
  })
})
