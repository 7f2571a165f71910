/** Written by `node scripts/embed-library.ts` from `src/render/nix`: change the files there. */
export const library: ReadonlyMap<string, string> = new Map([
  [
    'default.nix',
    `# The outputs of the flake, from one generated file for each machine and each service.
{
  inputs,
  machines,
  services,
  virtualHosts ? [ ],
}:
let
  inherit (inputs.nixpkgs) lib;
  inherit (builtins) mapAttrs;

  # A generated file is named after what it holds.
  byName =
    make: files:
    lib.listToAttrs (
      map (file: lib.nameValuePair (lib.removeSuffix ".nix" (baseNameOf file)) (make file)) files
    );

  deployLibrary = import ./deploy.nix inputs;
  resolveIn = import ./resolve.nix { inherit lib; };
  # Without \`self\`: a system that holds the tree's own hash would change with every commit.
  others = removeAttrs inputs [ "self" ];
  machine = byName (
    file:
    import ./machine.nix {
      inputs = others;
      inherit deployLibrary resolveIn file;
    }
  ) machines;
  virtualHost = byName (
    file:
    import ./virtual-host.nix {
      inputs = others;
      inherit lib resolveIn file;
    }
  ) virtualHosts;

  configurations = mapAttrs (_: each: each.configuration) machine;
  nodes = mapAttrs (_: each: each.node) machine;

  bySystem = lib.groupBy (name: machine.\${name}.system) (builtins.attrNames machine);

  # The first label, where only one machine has it.
  shortNames = lib.concatMapAttrs (
    label: names: if builtins.length names == 1 then { \${label} = builtins.head names; } else { }
  ) (lib.groupBy (name: builtins.head (lib.splitString "." name)) (builtins.attrNames machine));
in
{
  nixosConfigurations = mapAttrs (_: name: configurations.\${name}) shortNames // configurations;

  deploy = { inherit nodes; };

  checks = mapAttrs (
    system: names:
    (deployLibrary inputs.nixpkgs system).deployChecks { nodes = lib.getAttrs names nodes; }
  ) bySystem;

  packages = mapAttrs (
    _: names: lib.concatMapAttrs (_: each: each.packages) (lib.getAttrs names machine)
  ) bySystem;

  lib = {
    # selector -> addresses and names
    resolve = resolveIn null;
    # machine -> what its levels say without effect
    unused = mapAttrs (_: each: each.unused) machine;
    # host -> its NixOS module
    machines = mapAttrs (_: each: each.module) (machine // virtualHost);
    # service -> host -> the module that the service gives to it
    services = mapAttrs (
      name: _:
      lib.concatMapAttrs (
        host: each: if each.services ? \${name} then { \${host} = each.services.\${name}; } else { }
      ) (machine // virtualHost)
    ) (byName (_: null) services);
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
    'host.nix',
    `# A host: the NixOS module that its levels, it itself and its services come to.
{
  inputs,
  lib,
  resolveIn,
  # What its generated file holds.
  host,
}:
let
  # From the outermost inward.
  levels = map import host.levels;
  element = kind: lib.findFirst (level: level.kind == kind) null levels;
  describe =
    scope: level:
    let
      data = level.data or { };
    in
    {
      inherit (level) name label;
      fqdn = level.name;
      data = if builtins.isFunction data then data scope else data;
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
        this = scope.hostAt host.host;
        cluster = describe scope (element "cluster");
        domain = describe scope (element "domain");
        force = lib.mkForce;
        # What a definition sees of the host in a file.
        hostAt =
          path:
          {
            hostKey = null;
            sshPort = 22;
          }
          // load scope path;
        # What it gives depends on every host: who may ask counts all of them as inputs.
        resolveIn =
          if host.resolves or false then
            resolveIn
          else
            throw "resolve is for machines of which a module or a service's definition, as a file of the repository, names it";
        # A file that is a function from arguments to a module.
        moduleWith = path: arguments: {
          _file = toString path;
          imports = [ (import path arguments) ];
        };
      };
    in
    scope;

  # A level has something for all hosts, and something for machines or for virtual hosts only.
  kindOfHost = if host.kind == "machine" then "machines" else "virtualHosts";
  partsOf =
    level:
    map (part: { inherit level part; }) (
      lib.filter (part: level ? \${part}) [
        "all"
        kindOfHost
      ]
    );
  parts = lib.concatMap partsOf levels ++ [
    {
      level = host;
      part = "module";
    }
  ];
  levelLibrary = import ./levels.nix { inherit lib; };

  toServiceModule = import ./services.nix {
    inherit
      lib
      load
      scopeOf
      kindOfHost
      ;
  };
  # A generated file is named after what it holds.
  nameOf = file: lib.removeSuffix ".nix" (baseNameOf file);
  # service -> module
  services = lib.listToAttrs (
    map (file: lib.nameValuePair (nameOf file) (toServiceModule file)) host.services
  );
in
{
  inherit
    scopeOf
    services
    parts
    levelLibrary
    ;
  module.imports =
    map ({ level, part }: levelLibrary.toModule scopeOf level part) parts
    ++ map (file: services.\${nameOf file}) host.services;

  # What its modules get besides NixOS' own arguments.
  specialArgsOf = args: {
    inherit inputs;
    nixcluster = {
      inherit (scopeOf args) this cluster;
      resolve = (scopeOf args).resolveIn host.name;
    };
  };
}
`,
  ],
  [
    'install.nix',
    `# What makes a bare machine ready: an image to boot it from, a script that formats its disks.
{
  lib,
  machine,
  configuration,
}:
let
  inherit (machine.install) format;
  inherit (configuration) pkgs;
  inherit (configuration.config.system) build;
  missing = what: module: throw "\${machine.name} has no \${what}: let it import \${module}";
  # What its modules know how to build, the most particular first.
  image = lib.findFirst (name: build ? \${name}) null [
    "isoImage"
    "sdImage"
    "image"
  ];
in
{
  "\${machine.name}-image" =
    if image != null then
      build.\${image}
    else
      build.images.iso-installer
        or (missing "image" "a module of nixpkgs that builds one, such as installer/cd-dvd/iso-image.nix");
}
// lib.optionalAttrs (format != "none") {
  "\${machine.name}-format" =
    if format == "disko" then
      build.diskoScript or (missing "diskoScript" "the module of disko")
    else
      pkgs.writeScript "format-\${machine.label}" (builtins.readFile format);
}
`,
  ],
  [
    'levels.nix',
    `# What a domain, a cluster or a host gives to NixOS, as a module of its own.
#
# Lists concatenate and sets merge as NixOS does it. Plain values would conflict, so an outer level's
# get a weaker priority: the host's wins over the cluster's, which wins over the domain's.
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
    vhost = priorities.machine;
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
          type: value:
          if isAttrs value && !isOne value then mapAttrs (_: ofType type) value else override value;
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
        type: if type == null || type.name == "anything" then type else type.nestedTypes.elemType or null;

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

  # What a part of a level says, with the level's own strength of \`!force\`.
  contentOf =
    scope: level: part:
    (level.\${part} or (_: { })) (scope // { force = lib.mkOverride priorities.\${level.kind}.force; });
in
{
  inherit priorities weaken contentOf;

  # The names of a level's settings are known before any option is: only their priorities are not.
  toModule =
    scopeOf: level: part:
    {
      pkgs,
      config,
      options,
      ...
    }@args:
    let
      priority = priorities.\${level.kind};
      content = contentOf (scopeOf args) level part;
      # 100 is what a plain value has anyway.
      weakened = if priority.plain == 100 then _: settings: settings else weaken priority.plain;

      # A user's modules are no settings of the option that takes them: their priorities are of
      # options inside of it.
      home =
        {
          imports ? [ ],
          config ? { },
        }:
        { options, ... }:
        {
          _file = level.place;
          inherit imports;
          config = weakened options config;
        };
      homes = {
        _file = level.place;
        imports = [
          {
            # Once, though several levels may bring it.
            key = "nixcluster/home-manager";
            imports = [ (scopeOf args).inputs.home-manager.nixosModules.home-manager ];
            config.home-manager.extraSpecialArgs = builtins.intersectAttrs {
              inputs = null;
              nixcluster = null;
            } args;
          }
        ];
        config.home-manager.users = mapAttrs (_: home) content.homes;
      };
    in
    {
      _file = level.place;
      imports = content.imports or [ ] ++ lib.optional (content ? homes) homes;
      config = weakened options (content.config or { });
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
  resolveIn,
  file,
}:
let
  machine = import file;
  nixpkgs = inputs.\${machine.nixpkgs};
  inherit (nixpkgs) lib;

  host = import ./host.nix {
    inherit inputs lib resolveIn;
    host = machine;
  };
  virtualHosts = map (
    file:
    import ./virtual-host.nix {
      inherit
        inputs
        lib
        resolveIn
        file
        ;
    }
  ) (machine.virtualHosts or [ ]);
  module.imports = host.module.imports ++ map (each: each.accepted) virtualHosts;

  configuration = nixpkgs.lib.nixosSystem {
    specialArgs = host.specialArgsOf configuration;
    modules = [ module ];
  };
in
{
  inherit configuration module;
  inherit (host) services;

  # Values of levels without effect.
  unused = import ./unused.nix {
    inherit lib;
    inherit (configuration) options;
    inherit (host) parts;
    inherit (host.levelLibrary) priorities;
    contentOf = host.levelLibrary.contentOf (host.scopeOf configuration);
  };

  inherit (machine) system;

  packages = lib.optionalAttrs (machine ? install) (
    import ./install.nix { inherit lib machine configuration; }
  );

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
    'merge-outputs.nix',
    `# The outputs of the source's own flake, with ours beside them.
{
  inputs,
  source,
  ours,
}:
let
  # A function without \`...\` takes no input that it does not name.
  names = removeAttrs (builtins.functionArgs source.outputs // (source.inputs or { })) [ "self" ];
  theirs = source.outputs (builtins.intersectAttrs names inputs // { inherit (inputs) self; });

  # How deep an output of ours is a set of several, such as \`checks.<system>.<name>\`.
  depths = {
    nixosConfigurations = 1;
    deploy = 2;
    checks = 2;
    packages = 2;
    lib = 1;
  };

  merge =
    path: depth: theirs: ours:
    theirs
    // builtins.mapAttrs (
      name: value:
      if !(theirs ? \${name}) then
        value
      else if depth name > 0 then
        merge "\${path}\${name}." (_: depth name - 1) theirs.\${name} value
      else
        throw "flake.nix has the output \`\${path}\${name}', and so has what nixcluster adds to it: give yours another name"
    ) ours;
in
merge "" (name: depths.\${name} or 0) theirs ours
`,
  ],
  [
    'resolve.nix',
    `# What selectors mean, as \`nixcluster resolve\` says it, from the generated files of all hosts and services:
# resolve SCOPE SELECTOR. SCOPE is the full name of the element that the selector is read in, null to look
# it up wherever it is found; SELECTOR is text, a map, or a list of these.
{ lib }:
let
  inherit (builtins)
    elem
    filter
    head
    length
    listToAttrs
    match
    ;
  inherit (lib) concatMap groupBy optional;

  index = import ../index.nix;

  # Names, tags and addresses are data: the scope that values of \`!nix\` need is not there, nor asked for.
  load =
    file:
    let
      content = import file;
      scope = builtins.mapAttrs (name: _: throw "\${name} is not known here") (lib.functionArgs content);
    in
    if lib.isFunction content then content scope else content;

  levels = map load index.levels;
  hosts = map load index.hosts;
  services = map load index.services;

  named = list: listToAttrs (map (each: lib.nameValuePair each.name each) list);
  hostNamed = named hosts;
  join = label: parent: if parent == "" then label else "\${label}.\${parent}";
  labelOf = name: head (lib.splitString "." name);
  parentOf =
    name:
    let
      label = labelOf name;
    in
    if name == label then "" else lib.removePrefix "\${label}." name;
  # As people count: eth2 before eth10.
  sortKey =
    label:
    lib.concatMapStrings (
      part:
      if !builtins.isList part then
        part
      else if builtins.stringLength (head part) <= 12 then
        lib.fixedWidthString 12 "0" (head part)
      else
        ":\${lib.fixedWidthString 63 "0" (head part)}"
    ) (builtins.split "([0-9]+)" label);
  inOrder = lib.sortOn sortKey;
  # Each once, at its first place.
  onceBy =
    keyOf: list:
    map (each: each.value) (
      builtins.genericClosure {
        startSet = map (value: {
          key = keyOf value;
          inherit value;
        }) list;
        operator = _: [ ];
      }
    );
  once = onceBy (text: text);

  rolesOf =
    service:
    map (label: {
      kind = "role";
      name = "\${lib.toLower label}.\${service.name}";
      parent = service.name;
      hosts = namesOf service.roles.\${label};
    }) (inOrder (builtins.attrNames service.roles));
  namesOf = map (file: (load file).name);
  # Where a service runs: its selectors without what takes no module.
  membersOf =
    service:
    let
      passedBy = lib.genAttrs (service.passedBy or [ ]) (_: true);
    in
    filter (name: !(passedBy ? \${name})) (namesOf service.selectors);
  ownInterfaces =
    host:
    filter (wire: parentOf wire.name == host.name) (
      map (label: {
        kind = "interface";
        inherit (host.interfaces.\${label}) name;
        parent = host.name;
        ips = host.ips.\${label};
      }) (inOrder (builtins.attrNames host.interfaces))
    );

  unsorted = groupBy (element: element.kind) (
    map (level: {
      inherit (level) kind name;
      parent = if level.kind == "cluster" then parentOf level.name else "";
    }) levels
    ++ concatMap (
      service:
      [
        {
          inherit (service) kind name;
          parent = parentOf service.name;
          hosts = membersOf service;
        }
      ]
      ++ rolesOf service
    ) services
    ++ concatMap (
      host:
      [
        {
          inherit (host) kind name tags;
          parent = if host.kind == "vhost" then host.machine else host.cluster;
        }
      ]
      ++ ownInterfaces host
    ) hosts
  );
  elements = named (lib.concatLists (lib.attrValues unsorted));
  # Read from the right; the others are in this order already.
  nameKey = name: lib.concatMapStringsSep " " sortKey (lib.reverseList (lib.splitString "." name));
  ofKind = unsorted // {
    interface = lib.sortOn (wire: nameKey wire.name) (unsorted.interface or [ ]);
  };

  hostsBelow =
    let
      names = builtins.mapAttrs (_: map (host: host.name));
    in
    names (groupBy (host: elements.\${host.cluster}.parent) hosts)
    // names (groupBy (host: host.cluster) hosts)
    // {
      "" = map (host: host.name) hosts;
    };

  # Where a name is looked up: where it stands, then outward; the root is last.
  scopesFrom =
    name:
    if name == "" || !(elements ? \${name}) then
      [ "" ]
    else
      [ name ]
      ++ (if elements.\${name}.kind == "domain" then [ "" ] else scopesFrom elements.\${name}.parent);
  isPlace =
    name:
    name == ""
    || elem elements.\${name}.kind [
      "cluster"
      "domain"
    ];
  enclosing = scope: head (filter isPlace (scopesFrom scope));
  relativeTo =
    scope: name:
    if scope != "" && lib.hasSuffix ".\${scope}" name then lib.removeSuffix ".\${scope}" name else name;

  firstThat = isWanted: list: lib.findFirst isWanted [ ] list;
  isSome = list: list != [ ];

  # What is called so in one scope: an element, or hosts by their label in a service.
  called =
    only: name: outer:
    let
      full = join name outer;
      service = elements.\${join (parentOf name) outer} or { kind = ""; };
      isKind = element: only == null || element.kind == only;
    in
    if elements ? \${full} && isKind elements.\${full} then
      [ elements.\${full} ]
    else if parentOf name != "" && service.kind == "service" then
      filter (host: labelOf host.name == labelOf name && isKind host) (
        map (host: elements.\${host}) service.hosts
      )
    else
      [ ];

  # \`*\` is any text within one label, the label \`**\` any number of labels.
  isMatch =
    pattern: name:
    let
      toRegex =
        label:
        if match "\\\\*\\\\*+" label != null then
          "(\\\\.[^.]+)*"
        else
          "\\\\.\${lib.replaceStrings [ "*" ] [ "[^.]*" ] label}";
    in
    match (lib.concatMapStrings toRegex (lib.splitString "." pattern)) ".\${name}" != null;
  # What a pattern matches in one scope; without a kind, hosts.
  matching =
    only: pattern: scope: outer:
    let
      candidates =
        if only == null then
          map (name: elements.\${name}) (hostsBelow.\${outer} or [ ])
        else
          filter (element: outer == "" || lib.hasSuffix ".\${outer}" element.name) (ofKind.\${only} or [ ]);
      # What a service selects by pattern is never itself.
      isItself = element: element.name == scope && element ? hosts;
      found = filter (
        element: isMatch pattern (relativeTo outer element.name) && !(isItself element)
      ) candidates;
      inService = match "([^.]+)\\\\.([^*]+)" pattern;
      service = elements.\${join (lib.last inService) outer} or { kind = ""; };
    in
    if isSome found then
      found
    else if inService != null && service.kind == "service" then
      filter (host: isMatch (head inService) (labelOf host.name) && (only == null || host.kind == only)) (
        map (host: elements.\${host}) service.hosts
      )
    else
      [ ];

  kinds = [
    "domain"
    "cluster"
    "service"
    "role"
    "machine"
    "interface"
    "vhost"
  ];
  parse =
    written:
    let
      isText = builtins.isString written;
      text = if isText then written else written.select;
      parts = match "(-?)(([^:]+):)?(.*)" text;
      prefix = builtins.elemAt parts 2;
      name = builtins.elemAt parts 3;
      base = {
        inherit text;
        exclude = head parts == "-";
        name = lib.toLower name;
        isTag = prefix == "tag";
        tag = name;
        only = if prefix == "tag" then null else prefix;
        tags = [ ];
        except = [ ];
        optional = false;
      };
    in
    if prefix != null && prefix != "tag" && !(elem prefix kinds) then
      throw "resolve: '\${prefix}:' is no kind of element"
    else if isText then
      base
    else
      base
      // lib.optionalAttrs (written ? kind) { only = written.kind; }
      // {
        tags = written.tags or [ ];
        except = map parse (written.except or [ ]);
        optional = written.optional or false;
      };

  find =
    scope: selector:
    let
      scopes = scopesFrom scope;
      place = enclosing scope;
      firstIn = function: scopes: firstThat isSome (map function scopes);
      # Without a kind, hosts: without a dot too, those of the enclosing cluster or domain.
      places =
        if selector.only != null then
          scopes
        else if lib.hasInfix "." selector.name then
          filter isPlace scopes
        else
          [ place ];
    in
    if selector.isTag then
      filter (host: elem selector.tag host.tags) (
        map (name: elements.\${name}) (hostsBelow.\${place} or [ ])
      )
    else if lib.hasInfix "*" selector.name then
      firstIn (matching selector.only selector.name scope) places
    else
      firstIn (called selector.only selector.name) scopes;

  reach =
    element:
    if element ? hosts then
      map (host: { inherit host; }) element.hosts
    else if element.kind == "interface" then
      [
        {
          host = element.parent;
          interface = element.name;
        }
      ]
    else if isPlace element.name then
      map (host: { inherit host; }) (hostsBelow.\${element.name} or [ ])
    else
      [ { host = element.name; } ];

  selectOne =
    scope: selector:
    let
      found = find scope selector;
      except = lib.genAttrs (map (target: target.host) (
        concatMap (inner: (selectOne scope (inner // { exclude = true; })).targets) selector.except
      )) (_: true);
      isMeant =
        target:
        !(except ? \${target.host}) && lib.all (tag: elem tag hostNamed.\${target.host}.tags) selector.tags;
      targets = filter isMeant (concatMap reach found);
    in
    if found == [ ] && !selector.optional && !selector.exclude then
      throw "resolve: nothing is called '\${selector.text}' in \${
        if scope == "" then "the fleet" else scope
      }"
    else if found != [ ] && targets == [ ] && selector.tags != [ ] && !selector.optional then
      throw "resolve: no host of '\${selector.text}' carries the tags \${toString selector.tags}"
    else
      {
        inherit targets;
        elements = found;
      };

  select =
    scope: selectors:
    let
      parts = lib.partition (selector: selector.exclude) selectors;
      excluded = lib.genAttrs (map (target: target.host) (
        concatMap (selector: (selectOne scope selector).targets) parts.right
      )) (_: true);
      found = map (selectOne scope) parts.wrong;
      targets = onceBy (target: target.host) (concatMap (each: each.targets) found);
      left = filter (target: !(excluded ? \${target.host})) targets;
    in
    if left == [ ] && selectors != [ ] && !lib.any (selector: selector.optional) selectors then
      throw "resolve: these selectors leave no host: \${
        lib.concatMapStringsSep ", " (selector: selector.text) selectors
      }"
    else
      {
        targets = left;
        elements = filter (element: !(excluded ? \${element.name})) (
          onceBy (element: element.name) (concatMap (each: each.elements) found)
        );
      };

  # Without a scope: the one cluster, else where the name is found.
  likelyScope =
    selectors:
    let
      clusters = map (cluster: cluster.name) (ofKind.cluster or [ ]);
      places = clusters ++ map (domain: domain.name) (ofKind.domain or [ ]);
      first = head selectors;
      found = filter (place: isSome (called null (join first.name place) "")) places;
    in
    if length clusters == 1 then
      head clusters
    else if
      selectors == [ ] || first.isTag || lib.hasInfix "*" first.name || elements ? \${first.name}
    then
      ""
    else if length found > 1 then
      throw "resolve: '\${first.text}' is several: \${lib.concatMapStringsSep ", " (join first.name) found}"
    else if found == [ ] then
      ""
    else
      head found;

  # host -> the names of its services and roles, and its own in each service.
  namesInServices = builtins.mapAttrs (_: map (each: each.name)) (
    groupBy (each: each.host) (
      concatMap (
        service:
        concatMap (
          host:
          map (name: { inherit host name; }) [
            service.name
            (join (labelOf host) service.name)
          ]
        ) (membersOf service)
        ++ concatMap (
          role:
          map (host: {
            inherit (role) name;
            inherit host;
          }) role.hosts
        ) (rolesOf service)
      ) services
    )
  );

  firstOfEachFamily =
    ips:
    let
      families = lib.partition (lib.hasInfix ":") ips;
    in
    lib.take 1 families.wrong ++ lib.take 1 families.right;

  # Every name under which a target answers, with its addresses.
  answersOf =
    target:
    let
      host = hostNamed.\${target.host};
      wires = filter (wire: !(target ? interface) || wire.name == target.interface) (ownInterfaces host);
    in
    optional (!(target ? interface)) {
      inherit (host) name;
      ips = host.primaryIps;
      config = host.name;
    }
    ++ map (wire: {
      inherit (wire) name ips;
      config = host.name;
    }) wires
    ++ map (name: {
      inherit name;
      ips = host.primaryIps;
      config = host.name;
    }) (if target ? interface then [ ] else namesInServices.\${host.name} or [ ]);

  ipsOf =
    target:
    let
      host = hostNamed.\${target.host};
    in
    if target ? interface then host.ips.\${labelOf target.interface} else host.ips.all;

  maps =
    targets:
    let
      answers = concatMap answersOf targets;
      names = once (map (answer: answer.name) answers);
      byName = groupBy (answer: answer.name) answers;
      nameToIps = builtins.mapAttrs (_: list: once (concatMap (answer: answer.ips) list)) byName;
    in
    {
      inherit nameToIps;
      nameToConfigs = builtins.mapAttrs (_: list: once (map (answer: answer.config) list)) byName;
      ipToNames = builtins.mapAttrs (_: map (each: each.name)) (
        groupBy (each: each.ip) (concatMap (name: map (ip: { inherit name ip; }) nameToIps.\${name}) names)
      );
    };
in
scope: written:
let
  selectors = map parse (lib.toList written);
  place = if scope == null then likelyScope selectors else lib.toLower scope;
  selection = select place selectors;
in
{
  elements = map (element: { inherit (element) kind name; }) selection.elements;
  hosts = map (target: target.host) selection.targets;
  ips = once (concatMap ipsOf selection.targets);
  primaryIps = once (
    concatMap (
      target:
      if target ? interface then firstOfEachFamily (ipsOf target) else hostNamed.\${target.host}.primaryIps
    ) selection.targets
  );
  hostNames = once (map (target: hostNamed.\${target.host}.hostName) selection.targets);
}
// maps selection.targets
`,
  ],
  [
    'services.nix',
    `# What a service gives to the host that is being configured: a NixOS module.
{
  lib,
  load,
  scopeOf,
  kindOfHost,
}:
file:
{ pkgs, config, ... }@args:
let
  common = scopeOf args;
  scope = common // {
    inherit hostAt;
  };
  service = load scope file;
  # What its modules say for machines, or for virtual hosts, alone.
  only = service.\${kindOfHost} or { };

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
    resolve = scope.resolveIn service.name;
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
  imports =
    (service.imports or [ ]) ++ (only.imports or [ ]) ++ lib.optional (service ? definition) defined;
  config = lib.mkMerge [
    (service.config or { })
    (only.config or { })
  ];
}
`,
  ],
  [
    'services/k3s.nix',
    `# A k3s cluster. Role \`server\`: the control plane, its first host begins the cluster and the others join
# it; role \`agent\`: hosts that only run pods.
#
# settings.tokenFile      where each host has the cluster's token; needed for more than one host
# settings.clusterInit    embedded etcd; default: true where there are several servers
# settings.serverAddr     where hosts join, such as https://k3s.example.com:6443; default: the first server
# settings.interface      the interface whose address the hosts use; default: the primary one
# settings.disable        components to leave out: [ "traefik" ]
# settings.extraFlags     further flags, a list; a role's settings for a member may add more
# settings.openFirewall   the ports that members need of each other; default: true
{
  settings,
  roles,
  this,
  lib,
  ...
}:
let
  agents = roles.agent or [ ];
  first =
    if roles.server or [ ] == [ ] then
      throw "k3s: the role 'server' has no host"
    else
      lib.head roles.server;
  isServer = lib.elem "server" this.roles;
  isFirst = this.name == first.name;
  isAlone = agents == [ ] && lib.length roles.server == 1;
  clusterInit = settings.clusterInit or (lib.length roles.server > 1);

  addressOf =
    host:
    let
      ips = if settings ? interface then host.ips.\${settings.interface} or [ ] else host.primaryIps;
    in
    if ips == [ ] then null else lib.head ips;
  own = addressOf this;
  reached = if addressOf first == null then first.fqdn else addressOf first;
  url = "https://\${if lib.hasInfix ":" reached then "[\${reached}]" else reached}:6443";
in
{
  services.k3s = {
    enable = true;
    role = if isServer then "server" else "agent";
    clusterInit = isServer && isFirst && clusterInit;
    serverAddr = lib.mkIf (!isFirst) (settings.serverAddr or url);
    tokenFile =
      settings.tokenFile or (
        if isAlone then
          null
        else
          throw "k3s: several hosts need a token: write settings: { tokenFile: /run/secrets/k3s }"
      );
    extraFlags =
      lib.optional (own != null) "--node-ip=\${own}"
      ++ lib.optionals isServer (map (name: "--disable=\${name}") (settings.disable or [ ]))
      ++ settings.extraFlags or [ ]
      ++ this.settings.extraFlags or [ ];
  };

  networking.firewall = lib.mkIf (settings.openFirewall or true) {
    allowedTCPPorts = [
      10250 # kubelet
    ]
    ++ lib.optional isServer 6443
    ++ lib.optionals (isServer && clusterInit) [
      2379 # etcd
      2380
    ];
    allowedUDPPorts = [
      8472 # flannel
    ];
  };
}
`,
  ],
  [
    'services/known-hosts.nix',
    `# Writes the SSH host keys of the service's hosts to the machines' known hosts: from \`hostKey\` in their
# \`deployment\`; a host without one is left out. Each key stands for all names and addresses of its host.
#
# settings.names   selectors: these hosts too
{
  settings,
  selectors,
  cluster,
  lib,
  ...
}:
let
  shortName =
    name:
    lib.optional (lib.hasSuffix ".\${cluster.name}" name) (lib.removeSuffix ".\${cluster.name}" name);
  # As SSH writes down what it knows of another port than its own.
  atPort = port: name: if port == 22 then name else "[\${name}]:\${toString port}";

  known = lib.filter (host: host.hostKey != null) (selectors ++ settings.names or [ ]);
in
{
  programs.ssh.knownHosts = lib.listToAttrs (
    map (
      host:
      let
        names = lib.unique ([ host.name ] ++ lib.concatLists (lib.attrValues host.names));
        all = names ++ lib.concatMap shortName names ++ host.ips.all;
      in
      lib.nameValuePair host.name {
        hostNames = map (atPort host.sshPort) all;
        publicKey = host.hostKey;
      }
    ) known
  );
}
`,
  ],
  [
    'services/node-exporter.nix',
    `# Runs Prometheus' node exporter.
#
# settings.port                 default: 9100
# settings.enabledCollectors    collectors beside those that are on by default: [ "systemd" ]
# settings.disabledCollectors   collectors to leave out
# settings.listenAddress        default: 0.0.0.0
# settings.extraFlags           further flags of the exporter
# settings.allowFrom            selectors, addresses or networks that the firewall lets in
# settings.openFirewall         true: the firewall lets everybody in; default: false
{ settings, lib, ... }:
{ config, ... }:
let
  port = toString config.services.prometheus.exporters.node.port;
  sources = lib.concatMap (source: if lib.isString source then [ source ] else source.ips.all) (
    settings.allowFrom or [ ]
  );
  families = lib.partition (lib.hasInfix ":") sources;
  ipv6 = families.right;
  ipv4 = families.wrong;
  isNftables = config.networking.nftables.enable;
  rule =
    command: list:
    lib.optionalString (list != [ ]) ''
      \${command} -A nixos-fw -p tcp -s \${lib.concatStringsSep "," list} --dport \${port} -j nixos-fw-accept
    '';
  nftablesRule =
    family: list:
    lib.optionalString (list != [ ]) ''
      \${family} saddr { \${lib.concatStringsSep ", " list} } tcp dport \${port} accept
    '';
in
{
  services.prometheus.exporters.node = removeAttrs settings [ "allowFrom" ] // {
    enable = true;
  };
  networking.firewall = lib.mkIf (sources != [ ]) {
    extraCommands = lib.mkIf (!isNftables) (rule "iptables" ipv4 + rule "ip6tables" ipv6);
    extraInputRules = lib.mkIf isNftables (nftablesRule "ip" ipv4 + nftablesRule "ip6" ipv6);
  };
}
`,
  ],
  [
    'services/static-dns.nix',
    `# Writes the names of the service's hosts to /etc/hosts: their own and their interfaces', and those of the
# services and roles that they are in.
#
# settings.names     selectors: the names of these hosts too
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
  hosts = selectors ++ settings.names or [ ];

  # The name as a selector in the reader's cluster would write it, null where that is the full name.
  relativeTo =
    scope: name:
    if scope != "" && lib.hasSuffix ".\${scope}" name then lib.removeSuffix ".\${scope}" name else null;
  isShort = name: relativeTo cluster.name name != null;
  near = lib.genAttrs (lib.concatMap (
    host:
    map (relativeTo cluster.name) (lib.filter isShort (lib.concatLists (lib.attrValues host.names)))
  ) hosts) (_: true);
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
    names: lib.unique ([ (lib.head names) ] ++ lib.concatMap shortName names ++ lib.tail names);

  aliases = lib.concatLists (
    lib.mapAttrsToList (
      name: addresses: map (address: { \${address} = [ name ]; }) (lib.toList addresses)
    ) (settings.aliases or { })
  );
in
{
  networking.hosts =
    lib.mapAttrs (_: inOrder) (
      lib.zipAttrsWith (_: lib.concatLists) (map (host: host.names) hosts ++ aliases)
    )
    // {
      # NixOS names the machine itself at this address: where others reach it is the better answer.
      "127.0.0.2" = lib.mkIf (this.primaryIp != null) (lib.mkForce [ ]);
    };
}
`,
  ],
  [
    'services/wireguard-mesh.nix',
    `# Connects the service's hosts by WireGuard, each with each. Hosts of a role with \`runs: false\` are peers
# that are configured elsewhere.
#
# settings.interface             default: wg0
# settings.port                  UDP port; default: 51820
# settings.privateKeyFile        where each host has its private key; default: /etc/wireguard/<interface>.key
# settings.persistentKeepalive   seconds between signs of life, for hosts behind NAT
# settings.openFirewall          default: true
#
# Of each member, in its data below \`wireguard\` or in a role's settings for it:
#
# publicKey    \`wg pubkey\` of its private key
# addresses    its addresses in the mesh, as 10.100.0.1/24; default: those that its YAML gives to an
#              interface of that name (with \`configure: false\`, since WireGuard sets them)
# endpoint     where the others reach it; default: its primary address and its port; null: nowhere
# allowedIPs   further networks behind it
# port, privateKeyFile   other ones than the service's
{
  settings,
  selectors,
  roles,
  this,
  lib,
  ...
}:
let
  interface = settings.interface or "wg0";

  memberOf =
    host:
    let
      said = host.data.wireguard or { } // host.settings;
      addresses = said.addresses or host.interfaces.\${interface}.addresses or [ ];
      port = said.port or settings.port or 51820;
      isInMesh = ip: lib.any (address: lib.hasPrefix "\${ip}/" address) addresses;
      bracketed = ip: if lib.hasInfix ":" ip then "[\${ip}]" else ip;
    in
    {
      inherit (host) name;
      inherit port;
      privateKeyFile =
        said.privateKeyFile or settings.privateKeyFile or "/etc/wireguard/\${interface}.key";
      publicKey =
        said.publicKey
          or (throw "wireguard-mesh: \${host.name} has no public key; write data: { wireguard: { publicKey: … } }");
      addresses =
        if addresses != [ ] then
          addresses
        else
          throw "wireguard-mesh: \${host.name} has no address in the mesh; write interfaces: { \${interface}: { addresses: [10.100.0.1/24], configure: false } }";
      allowedIPs = said.allowedIPs or [ ];
      endpoint =
        said.endpoint or (
          if host.primaryIp == null || isInMesh host.primaryIp then
            null
          else
            "\${bracketed host.primaryIp}:\${toString port}"
        );
    };

  own = memberOf this;
  # Once each, whatever selects it.
  members = lib.listToAttrs (
    map (host: lib.nameValuePair host.name (memberOf host)) (
      selectors ++ lib.concatLists (lib.attrValues roles)
    )
  );
  toHostRoute =
    address:
    let
      ip = lib.head (lib.splitString "/" address);
    in
    "\${ip}/\${if lib.hasInfix ":" ip then "128" else "32"}";
in
{
  networking.wireguard.interfaces.\${interface} = {
    ips = own.addresses;
    listenPort = own.port;
    inherit (own) privateKeyFile;
    peers = map (peer: {
      inherit (peer) publicKey endpoint;
      allowedIPs = map toHostRoute peer.addresses ++ peer.allowedIPs;
      persistentKeepalive = settings.persistentKeepalive or null;
    }) (lib.attrValues (removeAttrs members [ this.name ]));
  };
  networking.firewall.allowedUDPPorts = lib.optional (settings.openFirewall or true) own.port;
}
`,
  ],
  [
    'types/microvm.nix',
    `# A virtual machine by the input microvm: \`microvm.vms.<name>\` of its machine.
# What it is made of (\`microvm.vcpu\`, \`microvm.mem\`, \`microvm.shares\`) stands in its own \`config:\`.
#
# settings   more options of \`microvm.vms.<name>\`, such as autostart
{
  name,
  module,
  settings,
  host,
  network,
  specialArgs,
  inputs,
  lib,
  ...
}:
let
  # Always the same address for the same interface: \`02\` says that it is a local one.
  macOf =
    interface:
    let
      hash = builtins.hashString "sha256" interface.name;
      pair = index: builtins.substring (2 * index) 2 hash;
    in
    interface.mac or (lib.concatStringsSep ":" ([ "02" ] ++ map pair (lib.range 0 4)));

  # Linux takes 15 characters: a longer name is cut, and its hash keeps it apart from others.
  idOf =
    interface:
    let
      full = "vm-\${name}-\${interface.device}";
    in
    if builtins.stringLength full <= 15 then
      full
    else
      "vm-\${builtins.substring 0 12 (builtins.hashString "sha256" interface.name)}";

  connect =
    interface:
    {
      bridge = {
        type = "bridge";
        bridge = network.device;
      };
      macvlan = {
        type = "macvtap";
        macvtap = {
          link = network.device;
          mode = "bridge";
        };
      };
      nat.type = "user";
    }
    .\${network.kind}
    // {
      id = idOf interface;
      mac = macOf interface;
    };

  connected = lib.optionalAttrs (network != null) {
    microvm.interfaces = map connect (lib.attrValues host.interfaces);
    # The guest would give names of its own choice; a MAC address that is written has its link already.
    systemd.network.links = lib.mapAttrs' (
      label: interface:
      lib.nameValuePair "10-\${label}" {
        matchConfig.MACAddress = macOf interface;
        linkConfig.Name = interface.device;
      }
    ) (lib.filterAttrs (_: interface: !(interface ? mac)) host.interfaces);
  };
in
{
  # Once, though a machine may have several.
  imports = [
    {
      key = "nixcluster/microvm";
      imports = [ inputs.microvm.nixosModules.host ];
    }
  ];

  microvm.vms.\${name} = lib.mkMerge [
    {
      config.imports = [
        module
        connected
      ];
      inherit specialArgs;
    }
    settings
  ];
}
`,
  ],
  [
    'types/nixos-container.nix',
    `# A NixOS container: \`containers.<name>\` of its machine.
#
# settings   more options of \`containers.<name>\`, such as bindMounts, ephemeral, autoStart
{
  name,
  module,
  settings,
  network,
  specialArgs,
  lib,
  ...
}:
let
  private = {
    privateNetwork = true;
  };
  # How it is connected; its addresses are set inside, but for \`nat\`, where NixOS sets both ends.
  connection =
    {
      host = { };
      bridge = private // {
        hostBridge = network.device;
      };
      macvlan = private // {
        macvlans = [ network.device ];
      };
      nat =
        private
        // lib.filterAttrs (_: address: address != null) {
          inherit (network)
            localAddress
            localAddress6
            hostAddress
            hostAddress6
            ;
        };
    }
    .\${network.kind};
in
{
  containers.\${name} = lib.mkMerge [
    {
      config = module;
      autoStart = lib.mkDefault true;
      inherit specialArgs;
    }
    connection
    settings
  ];

  networking.nat = lib.mkIf (network.kind == "nat") {
    enable = true;
    internalInterfaces = [ "ve-\${name}" ];
  };
}
`,
  ],
  [
    'types/oci-container.nix',
    `# A container from an image: \`virtualisation.oci-containers.containers.<name>\` of its machine.
#
# settings   more options of it, such as ports, volumes, environment
{
  name,
  image,
  settings,
  network,
  lib,
  ...
}:
{
  virtualisation.oci-containers.containers.\${name} = lib.mkMerge [
    { inherit image; }
    (lib.mkIf (network != null && network.kind == "host") { extraOptions = [ "--network=host" ]; })
    settings
  ];
}
`,
  ],
  [
    'unused.nix',
    `# The values of a machine's levels that have no effect on it: a module that is no level says the same
# option, and more strongly. Nearer levels are meant to win, and what lies in submodules is not looked at.
{
  lib,
  # What its levels and itself give to it: { level; part; }
  parts,
  priorities,
  contentOf,
  options,
}:
let
  inherit (builtins) isAttrs isList;

  places = lib.genAttrs (map (each: each.level.place) parts) (_: true);

  # Null for what is merged instead of beaten.
  priorityOf =
    plain: value:
    if !isAttrs value && !isList value then
      plain
    else if value._type or null == "override" then
      value.priority
    else
      null;

  # Where an option is declared, its own value counts, else what stands below its name.
  inSettings =
    level: path: options: settings:
    if !isAttrs settings then
      [ ]
    else if settings._type or null == "merge" then
      lib.concatMap (inSettings level path options) settings.contents
    else if settings ? _type then
      [ ]
    else
      lib.concatLists (
        lib.mapAttrsToList (name: inSetting level (path ++ [ name ]) (options.\${name} or { })) settings
      );

  inSetting =
    level: path: option: value:
    if option._type or null != "option" then
      inSettings level path option value
    else
      let
        priority = priorityOf priorities.\${level.kind}.plain value;
        winners = option.definitionsWithLocations;
        others = lib.unique (
          builtins.filter (file: !(places ? \${file})) (map (winner: toString winner.file) winners)
        );
        content = value.content or value;
        isSaid = builtins.any (winner: winner.value == content) winners;
      in
      lib.optional (priority != null && priority > option.highestPrio && others != [ ] && !isSaid) {
        inherit (level) kind name;
        option = path;
        by = others;
      };
in
lib.concatMap (
  { level, part }: inSettings level [ ] options ((contentOf level part).config or { })
) parts
`,
  ],
  [
    'virtual-host.nix',
    `# One virtual host: the module that makes it, and the module by which its machine accepts it.
{
  inputs,
  lib,
  resolveIn,
  file,
}:
let
  vhost = import file;
  host = import ./host.nix {
    inherit inputs lib resolveIn;
    host = vhost;
  };

  # A type is a function to a module of the machine: one of ours, or a file of the repository.
  typeFile = if builtins.isPath vhost.type then vhost.type else ./types + "/\${vhost.type}.nix";
  type = import typeFile;
in
{
  inherit (host) module services;

  accepted =
    { pkgs, config, ... }@args:
    let
      scope = host.scopeOf args;
      settings = (vhost.settings or (_: { })) scope;
      arguments = {
        inherit lib inputs settings;
        inherit (host) module;
        name = vhost.label;
        host = scope.this;
        network = vhost.network or null;
        image = vhost.image or null;
        specialArgs = host.specialArgsOf {
          inherit pkgs;
          config = throw "the data of \${vhost.name} cannot depend on its configuration where a module's argument \`nixcluster\` is asked for it";
        };
      };
      named = lib.functionArgs type;
    in
    {
      _file = vhost.place;
      imports = [
        {
          _file = toString typeFile;
          imports = [ (type (if named == { } then arguments else builtins.intersectAttrs named arguments)) ];
        }
      ];
    };
}
`,
  ],
])
