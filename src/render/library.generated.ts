/** Written by `node scripts/embed-library.ts` from `src/render/nix`: change the files there. */
export const library: ReadonlyMap<string, string> = new Map([
  [
    'default.nix',
    `# The outputs of the flake, from one generated file for each machine and each service.
{
  inputs,
  machines,
  services,
}:
let
  inherit (inputs.nixpkgs) lib;
  inherit (builtins) mapAttrs;

  deployLibrary = import ./deploy.nix inputs;
  machine = mapAttrs (
    _: file:
    import ./machine.nix {
      # Without \`self\`: a system that holds the tree's own hash would change with every commit.
      inputs = removeAttrs inputs [ "self" ];
      inherit deployLibrary file;
    }
  ) machines;

  configurations = mapAttrs (_: each: each.configuration) machine;
  nodes = mapAttrs (_: each: each.node) machine;

  # The first label, where only one machine has it.
  shortNames = lib.concatMapAttrs (
    label: names: if builtins.length names == 1 then { \${label} = builtins.head names; } else { }
  ) (lib.groupBy (name: builtins.head (lib.splitString "." name)) (builtins.attrNames machines));
in
{
  nixosConfigurations = mapAttrs (_: name: configurations.\${name}) shortNames // configurations;

  deploy = { inherit nodes; };

  checks = mapAttrs (
    system: names: (deployLibrary inputs.nixpkgs system).deployChecks { nodes = lib.getAttrs names nodes; }
  ) (lib.groupBy (name: machine.\${name}.system) (builtins.attrNames machines));

  lib = {
    # machine -> its NixOS module
    machines = mapAttrs (_: each: each.module) machine;
    # service -> host -> the module that the service gives to it
    services = mapAttrs (name: _: lib.concatMapAttrs (
      host: each: if each.services ? \${name} then { \${host} = each.services.\${name}; } else { }
    ) machine) services;
  };
}
`,
  ],
  [
    'deploy.nix',
    `# deploy-rs' Nix library around nixpkgs' own package of it, so that nothing is compiled.
# A nixpkgs without that package gets the one of the input deploy-rs.
inputs: nixpkgs: system:
let
  pkgs = nixpkgs.legacyPackages.\${system};
  packaged = pkgs // {
    deploy-rs = { inherit (pkgs) deploy-rs; };
  };
in
if pkgs ? deploy-rs then
  (inputs.deploy-rs.overlays.default packaged pkgs).deploy-rs.lib
else
  inputs.deploy-rs.lib.\${system}
`,
  ],
  [
    'levels.nix',
    `# What a domain, a cluster or a machine gives to NixOS, as a module of its own.
#
# Lists concatenate and sets merge as NixOS does it. Plain values would conflict, so an outer level's
# get a weaker priority: the machine's wins over the cluster's, which wins over the domain's.
{ lib }:
let
  inherit (builtins) isAttrs isList mapAttrs;

  priorities = {
    domain = {
      plain = 120;
      force = 52;
    };
    cluster = {
      plain = 110;
      force = 51;
    };
    machine = {
      plain = 100;
      force = 50;
    };
  };

  # Sets that are one value: packages, and whatever else turns into text.
  isOne = value: value ? outPath || value ? __toString || value ? __functor;

  # Sees through \`mkIf\` and \`mkMerge\`; what has a priority or an order already stays as it is.
  through =
    change: value:
    if !isAttrs value || !(value ? _type) then
      change value
    else if value._type == "if" then
      value // { content = through change value.content; }
    else if value._type == "merge" then
      value // { contents = map (through change) value.contents; }
    else
      value;

  # Gives the plain values of a set of settings this priority, each where its option's type takes
  # values of several priorities apart. Only types decide where that is: a priority inside of a type
  # that does not know them, or inside of a list, would end up in the value itself.
  weaken =
    priority:
    let
      override = lib.mkOverride priority;
      leaf = value: if isList value || (isAttrs value && !isOne value) then value else override value;
      untouched = value: value;
      each = change: value: if isAttrs value then mapAttrs (_: change) value else value;

      # Type -> value -> value. All that does not depend on the value is worked out once.
      ofType = type: through ((kinds.\${type.name} or (_: leaf)) type);

      kinds = {
        anything =
          type: value: if isAttrs value && !isOne value then mapAttrs (_: ofType type) value else override value;
        attrsOf = type: each (ofType type.nestedTypes.elemType);
        lazyAttrsOf = kinds.attrsOf;
        nullOr =
          type:
          let
            inner = ofType type.nestedTypes.elemType;
          in
          value: if value == null then override value else inner value;
        unique = type: ofType type.nestedTypes.elemType;
        uniq = kinds.unique;
        either =
          type:
          let
            inherit (type.nestedTypes) left right;
            inLeft = ofType left;
            inRight = ofType right;
          in
          value: if left.check value then inLeft value else inRight value;
        coercedTo =
          type:
          let
            inner = ofType type.nestedTypes.finalType;
          in
          value: if type.nestedTypes.coercedType.check value then leaf value else inner value;
        submodule =
          type:
          let
            options = type.getSubOptions [ ];
            freeform = type.nestedTypes.freeformType or (options._module.freeformType.value or null);
            inner = ofOptions options freeform;
          in
          value: if isAttrs value then inner value else value;
        attrTag = kinds.submodule;
        # Their definitions are functions and modules, which NixOS merges by itself.
        functionTo = _: untouched;
        deferredModule = _: untouched;
      };

      # The type that a freeform type has for what is below one of its names.
      below =
        type:
        if type == null || type.name == "anything" then type else type.nestedTypes.elemType or null;

      # A set of options, and the type of what is none.
      ofOptions =
        options: freeform:
        let
          ofName =
            name:
            if !(options ? \${name}) then
              if freeform == null || below freeform == null then untouched else ofType (below freeform)
            else if options.\${name}._type or null == "option" then
              ofType options.\${name}.type
            else
              ofOptions options.\${name} (below freeform);
        in
        through (value: if isAttrs value then mapAttrs ofName value else value);
    in
    options: ofOptions options null;
in
{
  inherit priorities weaken;

  # The names of a level's settings are known before any option is: only their priorities are not.
  toModule =
    scopeOf: level:
    { pkgs, config, options, ... }@args:
    let
      priority = priorities.\${level.kind};
      content = (level.module or (_: { })) (
        scopeOf args // { force = lib.mkOverride priority.force; }
      );
      settings = content.config or { };
    in
    {
      _file = level.place;
      imports = content.imports or [ ];
      # 100 is what a plain value has anyway.
      config = if priority.plain == 100 then settings else weaken priority.plain options settings;
    };
}
`,
  ],
  [
    'machine.nix',
    `# One machine: its NixOS system, the module that makes it, and its node for deploy-rs.
{
  inputs,
  deployLibrary,
  file,
}:
let
  machine = import file;
  nixpkgs = inputs.\${machine.nixpkgs};
  inherit (nixpkgs) lib;

  # From the outermost inward.
  levels = map import machine.levels ++ [ machine ];
  element = kind: lib.findFirst (level: level.kind == kind) null levels;
  describe = level: {
    inherit (level) name label;
    fqdn = level.name;
    data = level.data or { };
  };

  # A generated file is a function where it holds \`!nix\`, data where it does not.
  load =
    scope: file:
    let
      content = import file;
    in
    if builtins.isFunction content then content scope else content;

  # What \`!nix\` may name. An evaluation hands in its own \`pkgs\` and \`config\`.
  scopeOf =
    { pkgs, config, ... }:
    let
      scope = {
        inherit
          lib
          pkgs
          config
          inputs
          ;
        this = scope.hostAt machine.host;
        cluster = describe (element "cluster");
        domain = describe (element "domain");
        force = lib.mkForce;
        # What a definition sees of the host in a file.
        hostAt =
          path:
          {
            hostKey = null;
            sshPort = 22;
          }
          // load scope path;
        # A file that is a function from arguments to a module.
        moduleWith = path: arguments: {
          _file = toString path;
          imports = [ (import path arguments) ];
        };
      };
    in
    scope;

  toLevelModule = (import ./levels.nix { inherit lib; }).toModule scopeOf;
  toServiceModule = import ./services.nix { inherit lib load scopeOf; };

  # service -> module
  services = lib.listToAttrs (
    map (service: lib.nameValuePair service.name (toServiceModule service.file)) machine.services
  );
  module.imports =
    map toLevelModule levels ++ map (service: services.\${service.name}) machine.services;

  configuration = nixpkgs.lib.nixosSystem {
    specialArgs = {
      inherit inputs;
      nixcluster = { inherit (scopeOf configuration) this cluster; };
    };
    modules = [ module ];
  };
in
{
  inherit configuration module services;
  inherit (machine) system;

  node = machine.node // {
    profiles.system = {
      inherit (machine.node) user;
      path = (deployLibrary nixpkgs machine.system).activate.nixos configuration;
    };
  };
}
`,
  ],
  [
    'services.nix',
    `# What a service gives to the host that is being configured: a NixOS module.
{
  lib,
  load,
  scopeOf,
}:
file:
{ pkgs, config, ... }@args:
let
  common = scopeOf args;
  scope = common // {
    inherit hostAt;
  };
  service = load scope file;

  # A host as this service sees it: with the roles that it has here, and what they say about it.
  seen =
    host:
    host
    // {
      roles = builtins.filter (role: members.\${role} ? \${host.name}) (builtins.attrNames members);
      settings = service.members.\${host.name} or { };
    };
  hostAt = path: seen (common.hostAt path);
  hostsOf = map hostAt;
  roles = builtins.mapAttrs (_: hostsOf) service.roles;
  members = builtins.mapAttrs (
    _: hosts: lib.genAttrs (map (path: (load scope path).name) hosts) (_: true)
  ) service.roles;

  arguments = {
    inherit lib roles;
    inherit (scope) cluster domain inputs;
    settings = service.settings or { };
    config = service.settings or { };
    selectors = hostsOf service.selectors;
    this = seen scope.this;
    service = {
      inherit (service) name label;
      fqdn = service.name;
      data = service.data or { };
    };
  };

  # The same under the names of NixOs-ClusterConfig, for functions that were written for it.
  oldHost =
    host:
    host
    // {
      machineName = host.hostName;
      clusterName = lib.head (lib.splitString "." host.cluster);
      serviceAddresses = host.data.serviceAddresses or [ ];
      servicesAddresses = host.data.serviceAddresses or [ ];
      ips = builtins.mapAttrs (
        label: interface: host.ips.\${label} ++ lib.optional interface.dhcp "dhcp"
      ) host.interfaces;
    };
  oldArguments = arguments // {
    clusterInfo = scope.cluster;
    selectors = map oldHost arguments.selectors;
    roles = builtins.mapAttrs (_: map oldHost) roles;
    this = oldHost arguments.this;
  };

  # Only what the function names; all of it where it names nothing.
  apply =
    function:
    let
      named = lib.functionArgs function;
      offered = if named ? clusterInfo then oldArguments else arguments;
    in
    function (if named == { } then offered else builtins.intersectAttrs named offered);

  # A definition stands in a file or comes from a flake; one that is no function is a module already.
  isFile = builtins.isPath service.definition || builtins.isString service.definition;
  definition = if isFile then import service.definition else service.definition;
  defined = {
    _file = if isFile then toString service.definition else service.place;
    imports = [ (if lib.isFunction definition then apply definition else definition) ];
  };
in
{
  _file = service.place;
  imports = (service.imports or [ ]) ++ lib.optional (service ? definition) defined;
  config = service.config or { };
}
`,
  ],
  [
    'services/static-dns.nix',
    `# Writes the names of the service's hosts to /etc/hosts.
#
# settings.aliases   more names: { vault = "192.168.122.200"; } or a list of addresses
{
  settings,
  selectors,
  this,
  cluster,
  domain,
  lib,
  ...
}:
let
  # The name as a selector in the reader's cluster would write it, null where that is the full name.
  relativeTo =
    scope: name:
    if scope != "" && lib.hasSuffix ".\${scope}" name then lib.removeSuffix ".\${scope}" name else null;
  isShort = name: relativeTo cluster.name name != null;
  near = lib.genAttrs (lib.concatMap (
    host: map (relativeTo cluster.name) (lib.filter isShort (lib.concatLists (lib.attrValues host.names)))
  ) selectors) (_: true);
  # The nearer scope has the name.
  shortName =
    name:
    let
      far = relativeTo domain.name name;
    in
    if isShort name then
      [ (relativeTo cluster.name name) ]
    else
      lib.optional (far != null && !(near ? \${far})) far;

  # The first name is the one that an address is called back.
  inOrder =
    names:
    lib.unique ([ (lib.head names) ] ++ lib.concatMap shortName names ++ lib.tail names);

  aliases = lib.concatLists (
    lib.mapAttrsToList (
      name: addresses: map (address: { \${address} = [ name ]; }) (lib.toList addresses)
    ) (settings.aliases or { })
  );
in
{
  networking.hosts =
    lib.mapAttrs (_: inOrder) (
      lib.zipAttrsWith (_: lib.concatLists) (map (host: host.names) selectors ++ aliases)
    )
    // {
      # NixOS names the machine itself at this address: where others reach it is the better answer.
      "127.0.0.2" = lib.mkIf (this.primaryIp != null) (lib.mkForce [ ]);
    };
}
`,
  ],
])
