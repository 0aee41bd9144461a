package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.RandomStream;

/**
 * A server with an open queue, one on every vCPU: requests come at exponentially distributed intervals, whether or not
 * earlier ones are done, and are served in order. M/M/1 or M/D/1 if the vCPU had a pCPU of its own; what is longer than
 * that theory says is the hypervisor's doing.
 */
final class Poisson implements WorkloadKind {
    private static final String RESPONSES = "responseNanos";

    @Override
    public String name() {
        return "poisson";
    }

    @Override
    public String title() {
        return "serves requests that arrive at random, in an open queue";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("arrivalMicros", 10_000, 1, "mean time between arrivals; exponential"),
                WorkloadParameter.micros("serviceMicros", 3000, 1, "mean work of a request"),
                WorkloadParameter.flag("exponential", true, "service is exponentially distributed, not constant"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        Load[] load = new Load[vcpus];
        return new DomainLoad(vcpus, 0, id -> load[id] = new Load(values)) {
            @Override
            Map<String, Long> sums() {
                Map<String, Long> counters = new LinkedHashMap<>();
                long served = 0;
                long responseNanos = 0;
                for (Load l : load) {
                    served += l.served;
                    responseNanos += l.responseNanos;
                }
                counters.put("served", served);
                counters.put(RESPONSES, responseNanos);
                return counters;
            }

            @Override
            public Map<String, Long> counters() {
                Map<String, Long> counters = super.counters();
                long responseNanos = counters.remove(RESPONSES);
                counters.put("meanResponseNanos", responseNanos / Math.max(1, counters.get("served")));
                return counters;
            }
        };
    }

    private static final class Load implements Workload {
        private final long arrivalNanos;
        private final long serviceNanos;
        private final boolean exponential;
        private RandomStream arrivals;
        private RandomStream services;

        /** When the request that is served, or else the next one, arrives. */
        private long arrival;

        private boolean serving;
        private long served;
        private long responseNanos;

        Load(WorkloadValues values) {
            arrivalNanos = values.nanos("arrivalMicros");
            serviceNanos = values.nanos("serviceMicros");
            exponential = values.flag("exponential");
        }

        @Override
        public void next(Task task) {
            long now = task.nowNanos();
            if (arrivals == null) {
                arrivals = task.random("arrivals");
                services = task.random("services");
                arrival = now + arrivals.nextExponential(arrivalNanos);
            }
            if (serving) {
                serving = false;
                served++;
                responseNanos += now - arrival;
                arrival += arrivals.nextExponential(arrivalNanos);
            }
            if (arrival > now) {
                task.sleepUntil(arrival);
            } else {
                serving = true;
                task.compute(task.cycles(exponential ? 1 + services.nextExponential(serviceNanos) : serviceNanos));
            }
        }
    }
}
