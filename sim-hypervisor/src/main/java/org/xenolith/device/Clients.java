package org.xenolith.device;

import java.util.Arrays;
import java.util.Map;
import org.xenolith.engine.Latencies;
import org.xenolith.engine.RandomStream;

/**
 * Clients of a server. In an open loop requests come at exponentially distributed intervals, as from very many clients; in a closed one each of some
 * clients thinks for an exponentially distributed time, asks, and waits for the answer, or gives up after a second.
 */
public final class Clients implements Endpoint {
    private static final long PATIENCE_NANOS = 1_000_000_000;
    private static final int NUMBER_BITS = 16;

    /** Most clients of a closed loop. */
    public static final int MOST = 1 << NUMBER_BITS;

    private final int own;
    private final int server;
    private final int bytes;
    private final long meanNanos;
    private final boolean open;
    private final RandomStream random;
    private final Latencies responses = new Latencies();

    /** By client: when it asks next, or gives up. */
    private final long[] dueNanos;

    /** By client: its present request, or -1. */
    private final long[] asked;

    private long sent;
    private long sentBefore;
    private long givenUp;
    private int first;

    private Clients(int own, int server, int bytes, long meanNanos, int count, boolean open, RandomStream random) {
        this.own = own;
        this.server = server;
        this.bytes = bytes;
        this.meanNanos = meanNanos;
        this.open = open;
        this.random = random;
        this.dueNanos = new long[count];
        this.asked = new long[count];
        Arrays.fill(asked, -1);
        for (int i = 0; i < count; i++) {
            dueNanos[i] = think(0);
        }
        chooseFirst();
    }

    /** Requests that come {@code arrivalNanos} after one another, on average. */
    public static Clients open(int own, int server, int bytes, long arrivalNanos, RandomStream random) {
        return new Clients(own, server, bytes, arrivalNanos, 1, true, random);
    }

    /** {@code count} clients that think for {@code thinkNanos}, on average. */
    public static Clients closed(int own, int server, int bytes, long thinkNanos, int count, RandomStream random) {
        return new Clients(own, server, bytes, thinkNanos, count, false, random);
    }

    private long think(long nowNanos) {
        return nowNanos + (meanNanos == 0 ? 0 : random.nextExponential(meanNanos));
    }

    private void chooseFirst() {
        first = 0;
        for (int i = 1; i < dueNanos.length; i++) {
            if (dueNanos[i] < dueNanos[first]) {
                first = i;
            }
        }
    }

    @Override
    public long readyAt() {
        return dueNanos[first];
    }

    @Override
    public Packet take(long nowNanos) {
        long id = sent++ << NUMBER_BITS | first;
        if (open) {
            long due = dueNanos[0];
            dueNanos[0] = think(due);
            return new Packet(own, server, Packet.Kind.REQUEST, bytes, id, due);
        }
        givenUp += asked[first] >= 0 ? 1 : 0;
        asked[first] = id;
        dueNanos[first] = nowNanos + PATIENCE_NANOS;
        chooseFirst();
        return new Packet(own, server, Packet.Kind.REQUEST, bytes, id, nowNanos);
    }

    @Override
    public void receive(Packet packet, long nowNanos) {
        int client = (int) (packet.id() & MOST - 1);
        if (open || asked[client] == packet.id()) {
            responses.record(nowNanos - packet.stampNanos());
        }
        if (!open && asked[client] == packet.id()) {
            asked[client] = -1;
            dueNanos[client] = think(nowNanos);
            chooseFirst();
        }
    }

    @Override
    public void beginWindow() {
        sentBefore = sent;
        givenUp = 0;
        responses.clear();
    }

    @Override
    public void count(Map<String, Long> counters, long elapsedNanos) {
        counters.put("requests", sent - sentBefore);
        counters.put("responses", responses.count());
        counters.put("givenUp", givenUp);
        counters.put("responsesPerSecond", Endpoint.perSecond(responses.count(), elapsedNanos));
        responses.count("response", counters);
    }
}
