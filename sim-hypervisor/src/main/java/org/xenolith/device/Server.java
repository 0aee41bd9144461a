package org.xenolith.device;

import java.util.ArrayDeque;
import java.util.Map;
import org.xenolith.engine.RandomStream;

/** Answers requests in the order they come; each takes work. */
public final class Server implements Endpoint {
    private final long serviceNanos;
    private final boolean exponential;
    private final int responseBytes;
    private final RandomStream random;
    private final ArrayDeque<Packet> requests = new ArrayDeque<>();
    private long work;
    private long served;

    /** Works {@code serviceNanos} on a request, exponentially distributed with that mean if {@code exponential}. */
    public Server(long serviceNanos, boolean exponential, int responseBytes, RandomStream random) {
        this.serviceNanos = serviceNanos;
        this.exponential = exponential;
        this.responseBytes = responseBytes;
        this.random = random;
    }

    @Override
    public long readyAt() {
        return requests.isEmpty() ? NEVER : 0;
    }

    @Override
    public long workNanos() {
        return work;
    }

    @Override
    public Packet take(long nowNanos) {
        served++;
        Packet response = requests.remove().answer(Packet.Kind.RESPONSE, responseBytes);
        draw();
        return response;
    }

    @Override
    public void receive(Packet packet, long nowNanos) {
        requests.add(packet);
        if (requests.size() == 1) {
            draw();
        }
    }

    private void draw() {
        if (!requests.isEmpty()) {
            work = exponential ? random.nextExponential(serviceNanos) : serviceNanos;
        }
    }

    @Override
    public void beginWindow() {
        served = 0;
    }

    @Override
    public void count(Map<String, Long> counters, long elapsedNanos) {
        counters.put("served", served);
    }
}
