crunch() { i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; }
paced() { n=0; while [ $n -lt 40 ]; do sleep 0.009; k=0; while [ $k -lt 60 ]; do k=$((k+1)); done; n=$((n+1)); done; }
crunch & crunch &
paced &
(yes xenolith | head -c 600000 | md5sum) > /dev/null &
(dd if=/dev/zero bs=16k count=40 2>/dev/null | gzip -c | gunzip -c | wc -c) > /dev/null &
wait
