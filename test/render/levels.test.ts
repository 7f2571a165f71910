import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evaluate } from './nix.ts'

const place = (file: string): string => join(import.meta.dirname, '../..', file)

const results = evaluate(`
  let lib = import ${place('lab/nixpkgs/lib')};
  in import ${place('test/render/priorities.nix')} {
    inherit lib;
    levels = import ${place('src/render/nix/levels.nix')} { inherit lib; };
  }
`) as Record<string, unknown>

test.each<[string, Record<string, unknown>]>([
  [
    'the nearer level wins',
    {
      text: 'machine',
      clusterOverDomain: 'cluster',
      lines: 'machine',
      nullOverText: null,
      nullOfCluster: 'machine',
      eitherText: 'cluster',
      coercedText: '2',
      unique: 'cluster',
      package: '/nix/store/cluster',
      rawText: 'machine',
    },
  ],
  [
    'a file of modules stands at the machine',
    { fileOverCluster: 'file', clusterOverDefault: 'cluster' },
  ],
  [
    'force beats what is plain, and the nearer force wins',
    {
      machineForcesFile: 'machine',
      nearerForceWins: 'machine',
      clusterForcesMachine: 'cluster',
      forcedList: [3],
    },
  ],
  [
    'lists concatenate',
    {
      lists: [3, 1, 2],
      packages: ['/nix/store/domain', '/nix/store/cluster'],
      ordered: ['machine', 'domain'],
      attrsOfLists: { a: ['domain', 'cluster'] },
    },
  ],
  [
    'sets merge down to the leaves of submodules',
    {
      submodule: { enable: true, text: 'machine', ports: [2, 1, 3], deep: { er: 'domain' } },
      submodules: {
        a: { enable: false, text: 'cluster', ports: [], deep: { er: null } },
        b: { enable: false, text: 'machine', ports: [], deep: { er: 'machine' } },
      },
      attrsOfText: { a: 'cluster', b: 'domain' },
      eitherSet: { a: 2, b: 1 },
    },
  ],
  [
    'sets merge down to the leaves of freeform types',
    {
      freeform: { known: 'cluster', other: { port: 3, hosts: ['domain', 'machine'] } },
      json: { a: { b: 2, c: 'domain', d: [{ e: 1 }] } },
    },
  ],
  [
    'a list that its type cannot merge is a plain value',
    { anything: { a: { b: 2, list: [{ cluster: 1 }] } } },
  ],
  [
    'nothing is changed where a type takes no priorities apart',
    {
      attrsAlone: { a: 1, b: { c: 2 } },
      attrsMerged: { a: 1, b: 2 },
      rawAlone: { a: { b: 1 } },
      listContent: [{ a: 1 }],
      listOfSubmodules: [{ enable: false, text: 'cluster', ports: [], deep: { er: null } }],
      coercedList: { a: true, b: false },
    },
  ],
  [
    'mkIf and mkMerge are seen through',
    { conditional: { enable: false, text: 'cluster', ports: [], deep: { er: null } } },
  ],
])('%s', (_, expected) => expect(results).toMatchObject(expected))
