# What selectors mean, as `nixcluster resolve` says it, from the generated files of all hosts and services:
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

  # Names, tags and addresses are data: the scope that values of `!nix` need is not there, nor asked for.
  load =
    file:
    let
      content = import file;
      scope = builtins.mapAttrs (name: _: throw "${name} is not known here") (lib.functionArgs content);
    in
    if lib.isFunction content then content scope else content;

  levels = map load index.levels;
  hosts = map load index.hosts;
  services = map load index.services;

  named = list: listToAttrs (map (each: lib.nameValuePair each.name each) list);
  hostNamed = named hosts;
  join = label: parent: if parent == "" then label else "${label}.${parent}";
  labelOf = name: head (lib.splitString "." name);
  parentOf =
    name:
    let
      label = labelOf name;
    in
    if name == label then "" else lib.removePrefix "${label}." name;
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
        ":${lib.fixedWidthString 63 "0" (head part)}"
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
      name = "${lib.toLower label}.${service.name}";
      parent = service.name;
      hosts = namesOf service.roles.${label};
    }) (inOrder (builtins.attrNames service.roles));
  namesOf = map (file: (load file).name);
  # Where a service runs: its selectors without what takes no module.
  membersOf =
    service:
    let
      passedBy = lib.genAttrs (service.passedBy or [ ]) (_: true);
    in
    filter (name: !(passedBy ? ${name})) (namesOf service.selectors);
  ownInterfaces =
    host:
    filter (wire: parentOf wire.name == host.name) (
      map (label: {
        kind = "interface";
        inherit (host.interfaces.${label}) name;
        parent = host.name;
        ips = host.ips.${label};
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
    names (groupBy (host: elements.${host.cluster}.parent) hosts)
    // names (groupBy (host: host.cluster) hosts)
    // {
      "" = map (host: host.name) hosts;
    };

  # Where a name is looked up: where it stands, then outward; the root is last.
  scopesFrom =
    name:
    if name == "" || !(elements ? ${name}) then
      [ "" ]
    else
      [ name ]
      ++ (if elements.${name}.kind == "domain" then [ "" ] else scopesFrom elements.${name}.parent);
  isPlace =
    name:
    name == ""
    || elem elements.${name}.kind [
      "cluster"
      "domain"
    ];
  enclosing = scope: head (filter isPlace (scopesFrom scope));
  relativeTo =
    scope: name:
    if scope != "" && lib.hasSuffix ".${scope}" name then lib.removeSuffix ".${scope}" name else name;

  firstThat = isWanted: list: lib.findFirst isWanted [ ] list;
  isSome = list: list != [ ];

  # What is called so in one scope: an element, or hosts by their label in a service.
  called =
    only: name: outer:
    let
      full = join name outer;
      service = elements.${join (parentOf name) outer} or { kind = ""; };
      isKind = element: only == null || element.kind == only;
    in
    if elements ? ${full} && isKind elements.${full} then
      [ elements.${full} ]
    else if parentOf name != "" && service.kind == "service" then
      filter (host: labelOf host.name == labelOf name && isKind host) (
        map (host: elements.${host}) service.hosts
      )
    else
      [ ];

  # `*` is any text within one label, the label `**` any number of labels.
  isMatch =
    pattern: name:
    let
      toRegex =
        label:
        if match "\\*\\*+" label != null then
          "(\\.[^.]+)*"
        else
          "\\.${lib.replaceStrings [ "*" ] [ "[^.]*" ] label}";
    in
    match (lib.concatMapStrings toRegex (lib.splitString "." pattern)) ".${name}" != null;
  # What a pattern matches in one scope; without a kind, hosts.
  matching =
    only: pattern: scope: outer:
    let
      candidates =
        if only == null then
          map (name: elements.${name}) (hostsBelow.${outer} or [ ])
        else
          filter (element: outer == "" || lib.hasSuffix ".${outer}" element.name) (ofKind.${only} or [ ]);
      # What a service selects by pattern is never itself.
      isItself = element: element.name == scope && element ? hosts;
      found = filter (
        element: isMatch pattern (relativeTo outer element.name) && !(isItself element)
      ) candidates;
      inService = match "([^.]+)\\.([^*]+)" pattern;
      service = elements.${join (lib.last inService) outer} or { kind = ""; };
    in
    if isSome found then
      found
    else if inService != null && service.kind == "service" then
      filter (host: isMatch (head inService) (labelOf host.name) && (only == null || host.kind == only)) (
        map (host: elements.${host}) service.hosts
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
      throw "resolve: '${prefix}:' is no kind of element"
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
        map (name: elements.${name}) (hostsBelow.${place} or [ ])
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
      map (host: { inherit host; }) (hostsBelow.${element.name} or [ ])
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
        !(except ? ${target.host}) && lib.all (tag: elem tag hostNamed.${target.host}.tags) selector.tags;
      targets = filter isMeant (concatMap reach found);
    in
    if found == [ ] && !selector.optional && !selector.exclude then
      throw "resolve: nothing is called '${selector.text}' in ${
        if scope == "" then "the fleet" else scope
      }"
    else if found != [ ] && targets == [ ] && selector.tags != [ ] && !selector.optional then
      throw "resolve: no host of '${selector.text}' carries the tags ${toString selector.tags}"
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
      left = filter (target: !(excluded ? ${target.host})) targets;
    in
    if left == [ ] && selectors != [ ] && !lib.any (selector: selector.optional) selectors then
      throw "resolve: these selectors leave no host: ${
        lib.concatMapStringsSep ", " (selector: selector.text) selectors
      }"
    else
      {
        targets = left;
        elements = filter (element: !(excluded ? ${element.name})) (
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
      selectors == [ ] || first.isTag || lib.hasInfix "*" first.name || elements ? ${first.name}
    then
      ""
    else if length found > 1 then
      throw "resolve: '${first.text}' is several: ${lib.concatMapStringsSep ", " (join first.name) found}"
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
      host = hostNamed.${target.host};
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
    }) (if target ? interface then [ ] else namesInServices.${host.name} or [ ]);

  ipsOf =
    target:
    let
      host = hostNamed.${target.host};
    in
    if target ? interface then host.ips.${labelOf target.interface} else host.ips.all;

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
        groupBy (each: each.ip) (concatMap (name: map (ip: { inherit name ip; }) nameToIps.${name}) names)
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
      if target ? interface then firstOfEachFamily (ipsOf target) else hostNamed.${target.host}.primaryIps
    ) selection.targets
  );
  hostNames = once (map (target: hostNamed.${target.host}.hostName) selection.targets);
}
// maps selection.targets
