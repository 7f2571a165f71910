import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { problems } from '../compile/fleet.ts'
import { runNix } from './nix.ts'
import { demo, flake } from './yaml-fleet.ts'

test('a machine that says how it is installed has an image and a script in the packages', () => {
  const evaluate = flake(
    demo(`    modules: [/modules/images.nix]
    machines:
      iso: { install: { format: none } }
      disks: { install: { format: disko } }
      script: { install: { format: { path: /format.sh } } }
      plain:
`),
    {
      'modules/images.nix': `
        { config, lib, pkgs, ... }:
        let make = name: pkgs.writeText name "of \${config.networking.hostName}";
        in {
          system.build = {
            diskoScript = make "disko";
            images.iso-installer = make "image";
          } // lib.optionalAttrs (config.networking.hostName == "iso") { isoImage = make "iso"; };
        }`,
      'format.sh': '#!/bin/sh\nmkfs "$1"\n',
    },
  )
  expect(
    evaluate('packages.x86_64-linux', 'packages: builtins.mapAttrs (_: each: each.name) packages'),
  ).toEqual({
    'iso.demo.lab-image': 'iso',
    'disks.demo.lab-image': 'image',
    'disks.demo.lab-format': 'disko',
    'script.demo.lab-image': 'image',
    'script.demo.lab-format': 'format-script',
  })
  const script = evaluate('packages.x86_64-linux."script.demo.lab-format".drvPath') as string
  const built = runNix('build', '--no-link', '--print-out-paths', `${script}^*`).trim()
  expect(readFileSync(built, 'utf8')).toBe('#!/bin/sh\nmkfs "$1"\n')
})

test('what no module can build is said when it is asked for, and not before', () => {
  const evaluate = flake(demo('    machines: { vm0: { install: { format: disko } } }\n'))
  expect(evaluate('packages.x86_64-linux', 'builtins.attrNames')).toEqual([
    'vm0.demo.lab-format',
    'vm0.demo.lab-image',
  ])
  expect(() => evaluate('packages.x86_64-linux."vm0.demo.lab-format".name')).toThrow(
    'vm0.demo.lab has no diskoScript: let it import the module of disko',
  )
  expect(() => evaluate('packages.x86_64-linux."vm0.demo.lab-image".name')).toThrow(
    'vm0.demo.lab has no image',
  )
})

test('a script that is not there is an error', () => {
  expect(problems('machines: { vm0: { install: { format: { path: /fromat.sh } } } }')).toEqual([
    "1:47 error: there is no file '/fromat.sh' [compile/path-missing]",
  ])
})
