import type { Machine, OptionSetting, VirtualHost } from '../model/inventory.ts'
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

/** The NixOS options that follow from what a virtual host is; its platform is its machine's affair. */
export function virtualHostOptions(vhost: VirtualHost): readonly OptionSetting[] {
  const { label, machine, stateVersion, network, interfaces } = vhost
  const set = (path: readonly string[], value: string): OptionSetting =>
    option(path, { kind: 'text', value })
  // With its machine's network there is nothing to set, behind it its type sets both ends.
  const isOwn = network?.kind !== 'host' && network?.kind !== 'nat'
  return [
    set(['networking', 'hostName'], label),
    set(['networking', 'domain'], machine),
    ...(stateVersion === undefined ? [] : [set(['system', 'stateVersion'], stateVersion)]),
    ...(isOwn ? networkOptions(interfaces) : []),
  ]
}
