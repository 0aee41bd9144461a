package org.xenolith.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code xenolith compare}: a recorded trace replayed under several schedulers. */
@Command(
        name = "compare",
        description = "Replay a recorded trace under several schedulers and say what differs.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 0;
    }
}
