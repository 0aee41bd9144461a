package org.xenolith.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.xenolith.experiment.report.TraceGallery;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code xenolith trace gallery}: a page of every recorded trace with its picture. */
@Command(
        name = "gallery",
        description = "Write GALLERY.md, a page that lists every trace under a folder with a picture.",
        mixinStandardHelpOptions = true)
final class GalleryCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Option(
            names = "--traces",
            paramLabel = "FOLDER",
            description = "The traces, and where the page goes. By default the repository's own.")
    Path folder;

    @Override
    public Integer call() {
        Path traces = folder == null ? Home.path().resolve("traces") : folder;
        TraceGallery gallery = new TraceGallery(traces);
        gallery.write(traces);
        spec.commandLine()
                .getOut()
                .println(traces.resolve(TraceGallery.PAGE) + ": " + gallery.size()
                        + (gallery.size() == 1 ? " trace" : " traces"));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
