package org.xenolith.guest;

import java.util.Locale;
import org.xenolith.core.x86.CoreObserver;
import org.xenolith.core.x86.TimeSource;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;

/**
 * How the instructions of one vCPU take time, and so how many of them a budget of cycles buys. Budgets of any sizes come to the same. It
 * is the core's time-stamp counter, too.
 */
public interface Timing extends TimeSource {
    /** The ways there are. */
    enum Kind {
        /** Each instruction takes the same number of cycles: {@link Cost#INSTRUCTION}. */
        FUNCTIONAL {
            @Override
            Timing create(CostProfile costs) {
                return new FunctionalTiming(Math.max(1, costs.cycles(Cost.INSTRUCTION)));
            }
        },
        /** By kind of instruction, TLB and caches: {@link CostProfile#core}. */
        APPROXIMATE {
            @Override
            Timing create(CostProfile costs) {
                return new ApproximateTiming(costs.core());
            }
        };

        /** The timing of one vCPU; throws {@link org.xenolith.engine.InputException} if {@code costs} do not say enough. */
        abstract Timing create(CostProfile costs);

        /** Its name, as users give it. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The core, as timing drives it. */
    interface Core {
        /** Executes at most {@code instructions}; returns how many it did. */
        long execute(long instructions);

        /** Whether {@link #execute} ended for something else than its number of instructions. */
        boolean stopped();
    }

    /** What the core must tell, or null if nothing. */
    CoreObserver observer();

    /**
     * Lets {@code core} execute for {@code budget} cycles, or until it stops.
     *
     * @param tsc time-stamp counter at the begin
     * @return cycles used; {@code budget} if the core did not stop
     */
    long run(long budget, long tsc, Core core);
}
