package org.xenolith.hypervisor;

import java.util.Arrays;

/** The ports of one domain. As in Xen they come into being in groups of 64, and port 0 is never given out. */
final class Ports {
    private static final int GROUP = 64;

    private EventChannel[] channels = new EventChannel[GROUP];

    /** Ports below this are in use. */
    private int lowestFree = 1;

    /** Highest port the domain may have. */
    private int highest;

    Ports(int highest) {
        this.highest = highest;
        fill(0);
    }

    private void fill(int from) {
        for (int port = from; port < channels.length; port++) {
            channels[port] = new EventChannel(port);
        }
    }

    void limit(int newHighest) {
        highest = newHighest;
    }

    /** How many there are, in use or not. */
    int size() {
        return channels.length;
    }

    /** Port {@code number}, in use or not; null if there is none. */
    EventChannel get(int number) {
        return number >= 0 && number < channels.length ? channels[number] : null;
    }

    /** Port {@code number} if it is in use, else null. */
    EventChannel used(int number) {
        EventChannel channel = get(number);
        return channel == null || channel.state == EventChannel.State.FREE ? null : channel;
    }

    /** The lowest port that is free and not still linked in a queue of {@code abi}; null if the domain may have no more. */
    EventChannel findFree(EventAbi abi) {
        int end = Math.min(highest + 1, abi.ports());
        boolean passed = false;
        for (int port = lowestFree; port < end; port++) {
            if (port == channels.length) {
                channels = Arrays.copyOf(channels, port + GROUP);
                fill(port);
            }
            if (channels[port].state == EventChannel.State.FREE) {
                if (!abi.isBusy(channels[port])) {
                    return channels[port];
                }
                passed = true;
            } else if (!passed) {
                lowestFree = port + 1;
            }
        }
        return null;
    }

    /** Makes {@code channel} free again. */
    void free(EventChannel channel) {
        channel.state = EventChannel.State.FREE;
        channel.remote = null;
        channel.backend = null;
        lowestFree = Math.min(lowestFree, channel.port);
    }
}
