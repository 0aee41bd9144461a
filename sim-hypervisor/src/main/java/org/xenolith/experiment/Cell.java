package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One combination of a scheduler and a seed, run once.
 *
 * @param index its place in the experiment, from 0
 * @param name its name, unique in the experiment
 * @param fileName its name in names of files, also unique
 * @param scheduler the scheduler; null for the cell that is what the real host did
 * @param seed the seed
 */
public record Cell(int index, String name, String fileName, SchedulerChoice scheduler, long seed) {
    /** Name of the cell that is what the real host did. */
    public static final String RECORDED = "recorded";

    /** Whether this is what the real host did, and not a run. */
    public boolean isRecorded() {
        return scheduler == null;
    }

    /** All cells of {@code scenario}, in order: what was recorded first, then scheduler by scheduler, seed by seed. */
    public static List<Cell> of(Scenario scenario) {
        List<Cell> cells = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> fileNames = new HashSet<>();
        if (scenario.replay() != null) {
            cells.add(new Cell(0, RECORDED, RECORDED, null, 0));
            names.add(RECORDED);
            fileNames.add(RECORDED);
        }
        for (SchedulerChoice scheduler : scenario.schedulers()) {
            for (long seed : scenario.seeds()) {
                String wanted = scheduler.label() + (scenario.seeds().size() > 1 ? " seed " + seed : "");
                String name = unique(wanted, " #", names);
                String fileName = unique(name.replaceAll("[^A-Za-z0-9._=-]+", "-"), "-", fileNames);
                cells.add(new Cell(cells.size(), name, fileName, scheduler, seed));
            }
        }
        return cells;
    }

    private static String unique(String wanted, String separator, Set<String> taken) {
        String name = wanted;
        for (int n = 2; !taken.add(name); n++) {
            name = wanted + separator + n;
        }
        return name;
    }
}
