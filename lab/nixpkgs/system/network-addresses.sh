# network-addresses.sh start IF CIDR... | stop IF
# Gives the interface these addresses and no others. What it had before is kept, and comes back when the
# unit is removed: a rollback to a system without this unit finds the machine as it was.
PATH=/usr/bin:/bin:/usr/sbin:/sbin
action=$1 interface=$2
shift 2
state=/run/nixos/network
before=$state/$interface.before
mkdir -p "$state"

present() { ip -o address show dev "$interface" scope global | awk '{ print $4 }'; }

add() { # CIDR...
  for address; do
    present | grep -qxF -- "$address" || ip address add "$address" dev "$interface" || exit 1
  done
}

apply() { # CIDR...
  add "$@"
  present | while read -r address; do
    for wanted; do [ "$wanted" = "$address" ] && continue 2; done
    ip address del "$address" dev "$interface"
  done
  # With the first address of a subnet the kernel takes the others away.
  add "$@"
}

case $action in
  start)
    if [ ! -e "$before" ]; then
      present > "$before"
      ip route show default dev "$interface" > "$before.routes"
    fi
    ip -o link show up dev "$interface" | grep -q . || ip link set "$interface" up || exit 1
    apply "$@"
    ;;
  stop)
    # A restart keeps its addresses: systemd stops the unit only to start its next form.
    grep -qxF "network-addresses-$interface.service" /run/nixos/removed-units 2>/dev/null || exit 0
    [ -e "$before" ] || exit 0
    # shellcheck disable=SC2046
    apply $(cat "$before")
    while read -r route; do
      ip route show $route dev "$interface" | grep -q . || ip route replace $route dev "$interface"
    done < "$before.routes"
    rm -f "$before" "$before.routes"
    ;;
esac
