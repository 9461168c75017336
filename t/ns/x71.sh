. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
story x
export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443
kha_beside 200 'version = 2; advert = "1s"; preempt = true;'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
kha_node_start a
until_vip 5 a state MASTER
keepalived_start b 100 version=2 advert=1 peers=$(node_ip a)
capture wire$i
probe_start
answered_by a
t=$(now_ms)
kha_node_stop a
answered_by b
sleep 0.5
probe_stop
capture_stop
if [ "$(probe_failed "$t")" != 0 ]; then
 echo "run $i: failed $(probe_failed "$t")"
 awk -v t=$t '$1>=t && $3 != "ok"' $D/probe.out
 f=$(awk -v t=$t '$1>=t && $3 != "ok" {print $1; exit}' $D/probe.out)
 awk -v f=$f '$1>=f-60 && $1 <f+60' $D/probe.out
 tcpdump -r $D/wire$i.pcap -nn -tt 2>/dev/null | awk -v f=$f '$1*1000>f-100 && $1*1000<f+100'
 grep "vrrp" $D/a/kha.log | tail -4
 grep 10.77.0.10 $D/addresses-a.out | tail -2
 grep 10.77.0.10 $D/addresses-b.out | tail -2
else echo "run $i ok"; fi
keepalived_stop b
done
