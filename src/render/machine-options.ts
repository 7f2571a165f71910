import type { Machine, OptionSetting } from '../model/inventory.ts'
import { networkOptions } from './network-options.ts'
import { option } from './settings.ts'

/** The NixOS options that follow from what a machine is. */
export function machineOptions(machine: Machine): readonly OptionSetting[] {
  const { name, label, system, stateVersion, interfaces, render } = machine
  const domain = name.slice(label.length + 1)
  const set = (path: readonly string[], value: string): OptionSetting =>
    option(path, { kind: 'text', value })
  return [
    ...(render.hostName ? [set(['networking', 'hostName'], label)] : []),
    ...(render.domain && domain !== '' ? [set(['networking', 'domain'], domain)] : []),
    set(['nixpkgs', 'hostPlatform'], system),
    ...(stateVersion === undefined ? [] : [set(['system', 'stateVersion'], stateVersion)]),
    ...networkOptions(interfaces),
  ]
}
