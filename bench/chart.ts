import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchMachine } from './fleet.ts'

/** Writes a Helm chart that gives the same text for each machine of its values as we render. */
export function writeChart(folder: string, machines: readonly BenchMachine[]): void {
  mkdirSync(join(folder, 'templates'), { recursive: true })
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: fleet\nversion: 1.0.0\n')
  writeFileSync(join(folder, 'values.yaml'), `machines:\n${machines.map(toValues).join('')}`)
  writeFileSync(join(folder, 'templates/machines.yaml'), template)
}

const toValues = ({ label, cluster, rack, address, tags }: BenchMachine): string =>
  `  - label: ${label}
    cluster: ${cluster}
    tags: [${tags.join(', ')}]
    modules: [machines/base.nix]
    interfaces:
      eno1: { address: ${address}, prefix: 8, gateway: 10.255.255.254 }
    sshUser: root
    data: { rack: ${rack}, row: "r${rack % 7}" }
    config:
      networking.firewall.allowedTCPPorts: [22, 80, 443]
      services.nginx.enable: true
      boot.kernel.sysctl: { net.ipv4.ip_forward: 1 }
`

const template = `{{- range .Values.machines }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .label }}.{{ .cluster }}
data:
  host.nix: |
    # The machine {{ .label }}.{{ .cluster }}, from values.yaml.
    {
      kind = "machine";
      name = {{ printf "%s.%s" .label .cluster | quote }};
      hostName = {{ .label | quote }};
      fqdn = {{ printf "%s.%s" .label .cluster | quote }};
      cluster = {{ .cluster | quote }};
      machine = {{ printf "%s.%s" .label .cluster | quote }};
      tags = [
        {{- range .tags }}
        {{ . | quote }}
        {{- end }}
      ];
      {{- $machine := . }}
      {{- range $name, $wire := .interfaces }}
      primaryIp = {{ $wire.address | quote }};
      ips = {
        all = [ {{ $wire.address | quote }} ];
        {{ $name }} = [ {{ $wire.address | quote }} ];
      };
      interfaces = {
        {{ $name }} = {
          name = {{ printf "%s.%s.%s" $name $machine.label $machine.cluster | quote }};
          device = {{ $name | quote }};
          addresses = [ {{ printf "%s/%v" $wire.address $wire.prefix | quote }} ];
          dhcp = false;
          gateway = {{ $wire.gateway | quote }};
        };
      };
      names = {
        {{ $wire.address | quote }} = [
          {{ printf "%s.%s" $machine.label $machine.cluster | quote }}
          {{ printf "%s.%s.%s" $name $machine.label $machine.cluster | quote }}
          "dns.com"
          {{ printf "%s.dns.com" $machine.label | quote }}
          "web.com"
          {{ printf "%s.web.com" $machine.label | quote }}
        ];
      };
      {{- end }}
      data = {
        rack = {{ .data.rack }};
        row = {{ .data.row | quote }};
      };
    }
  machine.nix: |
    # The machine {{ .label }}.{{ .cluster }}, from values.yaml.
    {
      kind = "machine";
      name = {{ printf "%s.%s" .label .cluster | quote }};
      label = {{ .label | quote }};
      place = {{ printf "values.yaml (%s.%s)" .label .cluster | quote }};
      system = "x86_64-linux";
      nixpkgs = "nixpkgs";
      levels = [
        ../../levels/com.nix
        ../../levels/{{ .cluster }}.nix
      ];
      services = [
        {
          name = "dns.com";
          file = ../../services/com/dns.com.nix;
        }
        {
          name = "web.com";
          file = ../../services/com/web.com.nix;
        }
      ];
      host = ../../hosts/{{ .cluster }}/{{ .label }}.{{ .cluster }}.nix;
      {{- range $name, $wire := .interfaces }}
      node = {
        hostname = {{ $wire.address | quote }};
        sshUser = {{ $machine.sshUser | quote }};
        sshOpts = [
          "-p"
          "22"
        ];
        user = "root";
        magicRollback = true;
        autoRollback = true;
        confirmTimeout = 30;
        activationTimeout = 240;
      };
      module =
        { pkgs, ... }:
        {
          imports = [
            {{- range $machine.modules }}
            ../../../{{ . }}
            {{- end }}
          ];
          config = {
            environment.systemPackages = (
              [ pkgs.htop ]
            );
            {{- range $key, $value := $machine.config }}
            {{- if kindIs "slice" $value }}
            {{ $key }} = [
              {{- range $value }}
              {{ . }}
              {{- end }}
            ];
            {{- else if kindIs "map" $value }}
            {{ $key }} = {
              {{- range $inner, $item := $value }}
              {{ $inner | quote }} = {{ $item }};
              {{- end }}
            };
            {{- else }}
            {{ $key }} = {{ $value }};
            {{- end }}
            {{- end }}
            networking.defaultGateway = {
              address = {{ $wire.gateway | quote }};
              interface = {{ $name | quote }};
            };
            networking.domain = {{ $machine.cluster | quote }};
            networking.hostName = {{ $machine.label | quote }};
            networking.interfaces.{{ $name }}.ipv4.addresses = [
              {
                address = {{ $wire.address | quote }};
                prefixLength = {{ $wire.prefix }};
              }
            ];
            networking.interfaces.{{ $name }}.useDHCP = false;
            nixpkgs.hostPlatform = "x86_64-linux";
            system.stateVersion = "25.11";
          };
        };
      {{- end }}
    }
{{- end }}
`
