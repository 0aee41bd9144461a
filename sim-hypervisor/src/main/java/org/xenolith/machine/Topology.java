package org.xenolith.machine;

/**
 * The pCPUs of a machine, numbered as Xen numbers them on a regular one: threads of a core are neighbours, cores of a
 * socket are neighbours, sockets are spread evenly over NUMA nodes.
 *
 * @param sockets sockets, at least 1
 * @param coresPerSocket cores in a socket, at least 1
 * @param threadsPerCore hardware threads in a core, at least 1
 * @param numaNodes NUMA nodes, 1 to {@code sockets}, a divisor of it
 */
public record Topology(int sockets, int coresPerSocket, int threadsPerCore, int numaNodes) {
    /** The most pCPUs of a machine; xenalyze reads no more. */
    public static final int MAX_PCPUS = 256;

    /** Checks the shape. */
    public Topology {
        if (sockets < 1 || coresPerSocket < 1 || threadsPerCore < 1) {
            throw new IllegalArgumentException("a machine needs at least one socket, core and thread");
        }
        if (numaNodes < 1 || sockets % numaNodes != 0) {
            throw new IllegalArgumentException(sockets + " sockets do not spread evenly over " + numaNodes + " nodes");
        }
        if ((long) sockets * coresPerSocket * threadsPerCore > MAX_PCPUS) {
            throw new IllegalArgumentException("more than " + MAX_PCPUS + " pCPUs");
        }
    }

    /** One socket of {@code pcpus} single-threaded cores. */
    public static Topology flat(int pcpus) {
        return new Topology(1, pcpus, 1, 1);
    }

    /** How many pCPUs there are. */
    public int pcpus() {
        return sockets * coresPerSocket * threadsPerCore;
    }

    /** Core of {@code pcpu}, counted over the whole machine. */
    public int coreOf(int pcpu) {
        return pcpu / threadsPerCore;
    }

    /** Socket of {@code pcpu}. */
    public int socketOf(int pcpu) {
        return pcpu / (threadsPerCore * coresPerSocket);
    }

    /** NUMA node of {@code pcpu}. */
    public int nodeOf(int pcpu) {
        return socketOf(pcpu) / (sockets / numaNodes);
    }
}
