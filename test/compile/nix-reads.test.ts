import { expect, test } from 'vitest'
import { nixMayReadYaml } from '../../src/compile/nix-reads.ts'

const reads = (text: string): boolean => nixMayReadYaml(new Map([['modules/a.nix', text]]))

test.each([
  '{ services.nginx.enable = true; }',
  '{ imports = [ ./more.nix ../disk.nix ]; }',
  '{ passwordFile = config.sops.secrets."db/password".path; key = config.age.secrets.key.path; }',
  '{ nixcluster, ... }: { networking.hostName = nixcluster.this.hostName; }',
])('%s reads what is listed', (text) => expect(reads(text)).toBe(false))

test.each([
  'builtins.fromJSON (builtins.readFile ./fleet.json)',
  '{ source = ./.; }',
  '{ source = builtins.path { path = ./clusters; }; }',
  'let b = builtins; in b.path { path = ./clusters; }',
  'with builtins; path arguments',
  'inherit (builtins) path;',
  '{ hosts = import ../nixcluster/index.nix; }',
  '{ host = import ./nixcluster/hosts/demo.lab/vm0.demo.lab.nix; }',
])('%s may read configuration or what follows from it', (text) => expect(reads(text)).toBe(true))
