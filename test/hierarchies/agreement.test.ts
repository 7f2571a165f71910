import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Compilation } from '../../src/model/compilation.ts'
import type { Inventory } from '../../src/model/inventory.ts'
import { resolve } from '../../src/selectors/resolve.ts'
import { compileTexts } from '../compile/fleet.ts'
import { hierarchies } from './generate.ts'
import { createReference, type Reference } from './reference.ts'
import { outside, owners, withoutBroken } from './without-broken.ts'
import { writeNested, type Written } from './yaml.ts'

const runs = { seed: 20261123, numRuns: 1000 }

const compileHierarchy = (written: Written): Compilation =>
  compileTexts({ 'nixcluster.yaml': written.text })

/** What the compiler says about selectors, as `line severity code`. */
function said({ diagnostics }: Compilation): string[] {
  return sorted(
    diagnostics
      .filter(({ code }) => code.startsWith('selectors/') && code !== 'selectors/circle')
      .map(({ line, severity, code }) => `${line} ${severity} ${code}`),
  )
}

/** What the reference expects it to say. */
function expected(reference: Reference, { lines }: Written): string[] {
  return sorted(
    owners(reference).flatMap((owner) => {
      const own = lines.get(owner.name) ?? []
      const mistakes = (reference.meaningOf(owner)?.mistakes ?? []).map(
        ({ code, severity, index }) => `${own[Math.max(index, 0)]} ${severity} ${code}`,
      )
      return [
        ...mistakes,
        ...outside(owner, reference).map((index) => `${own[index]} error selectors/outside`),
      ]
    }),
  )
}

const sorted = (lines: readonly string[]): string[] => [...new Set(lines)].sort()

test('every mistake in a selector is found at its place, every circle is printed, nothing else', () => {
  fc.assert(
    fc.property(hierarchies, ({ hierarchy }) => {
      const written = writeNested(hierarchy)
      const reference = createReference(hierarchy)
      const compilation = compileHierarchy(written)
      expect(said(compilation), written.text).toEqual(expected(reference, written))
      checkCircles(compilation, reference, written.text)
      const others = compilation.diagnostics.filter(
        ({ code }) => !code.startsWith('selectors/') && !code.startsWith('lock/'),
      )
      expect(others, written.text).toEqual([])
    }),
    runs,
  )
})

/** A circle's message names elements of which each asks the next for its hosts. */
function checkCircles({ diagnostics }: Compilation, reference: Reference, story: string): void {
  const circles = diagnostics.filter(({ code }) => code === 'selectors/circle')
  for (const { message } of circles) {
    const self = /^(.*) selects itself$/.exec(message)?.[1]
    const circle = self ? [self, self] : message.replace(/^.*: /, '').split(' -> ')
    expect(circle[0]).toBe(circle.at(-1))
    for (const [index, name] of circle.slice(1).entries())
      expect(reference.asked(circle[index]!), `${message}\n${story}`).toContain(name)
  }
  expect(circles.length > 0, story).toBe(hasCircle(reference))
}

function hasCircle(reference: Reference): boolean {
  return owners(reference).some(({ name }) => {
    const seen = new Set<string>()
    const todo = [...reference.asked(name)]
    for (const next of todo) {
      if (seen.has(next)) continue
      seen.add(next)
      todo.push(...reference.asked(next))
    }
    return seen.has(name)
  })
}

/** Services and roles have the hosts that the description gives them, in its order. */
function checkMembers(inventory: Inventory, reference: Reference, story: string): void {
  const found = inventory.services.flatMap(({ name, hosts, roles }) => [
    [name, hosts],
    ...roles.map((role) => [role.name, role.hosts]),
  ])
  const wanted = owners(reference).map((owner) => [
    owner.name,
    reference.membersOf(owner).map(({ name }) => name),
  ])
  expect(Object.fromEntries(found), story).toEqual(Object.fromEntries(wanted))
}

test('services, roles and questions from anywhere have the hosts, names and addresses that the description gives', () => {
  const counts = { answered: 0, refused: 0 }
  fc.assert(
    fc.property(hierarchies, ({ hierarchy, questions }) => {
      const fine = withoutBroken(hierarchy)
      const written = writeNested(fine)
      const reference = createReference(fine)
      const { inventory, diagnostics } = compileHierarchy(written)
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
      checkMembers(inventory!, reference, written.text)
      for (const { scope, list } of questions) {
        const place = reference.elements[scope % reference.elements.length]!
        const answer = resolve(list, inventory!, place.name)
        const meaning = reference.mean(list, place)
        const story = `${JSON.stringify(list)} in ${place.name}\n${written.text}`
        const wrong = meaning.mistakes.some(({ severity }) => severity === 'error')
        const refused = answer.complaints.some(({ severity }) => severity === 'error')
        expect(refused, story).toBe(wrong)
        counts[refused ? 'refused' : 'answered']++
        if (refused) continue
        const maps = reference.maps(meaning.reached)
        expect(answer.hosts, story).toEqual(meaning.reached.map(({ host }) => host.name))
        expect(answer.ips, story).toEqual([...new Set(maps.ips)])
        expect(answer.primaryIps, story).toEqual([...new Set(maps.primaryIps)])
        expect(pairsOf(answer.nameToIps), story).toEqual(
          [
            ...new Set(maps.pairs.flatMap(({ name, ips }) => ips.map((ip) => `${name} ${ip}`))),
          ].sort(),
        )
        expect(pairsOf(answer.nameToConfigs), story).toEqual(
          [...new Set(maps.pairs.map(({ name, config }) => `${name} ${config}`))].sort(),
        )
        // And back: name -> ip -> name.
        const back = Object.entries(answer.ipToNames).flatMap(([ip, names]) =>
          names.map((name) => `${name} ${ip}`),
        )
        expect(back.sort(), story).toEqual(pairsOf(answer.nameToIps))
      }
    }),
    runs,
  )
  // The generator must not drift into asking nonsense only.
  expect(counts.answered).toBeGreaterThan(500)
  expect(counts.refused).toBeGreaterThan(500)
})

const pairsOf = (map: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.entries(map)
    .flatMap(([name, values]) => values.map((value) => `${name} ${value}`))
    .sort()
