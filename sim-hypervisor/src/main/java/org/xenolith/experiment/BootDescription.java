package org.xenolith.experiment;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.hypervisor.Domain;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceDescription;

/** Describes the trace of a {@link BootSession}, so that it can be replayed. */
public final class BootDescription {
    private BootDescription() {}

    /** Writes the description beside {@code trace}; returns its file. */
    public static Path write(Path trace, BootSession session, BootSession.Setting setting) {
        Domain domain = session.domain();
        Map<String, Object> guest = new LinkedHashMap<>();
        guest.put("id", domain.id());
        guest.put("name", domain.name());
        guest.put("vcpus", domain.vcpus().size());
        guest.put("weight", domain.weight());
        guest.put("cap", domain.cap());
        guest.put("workload", "booted: " + session.instructions() + " instructions of a kernel and its programs");

        Map<String, Object> all = new LinkedHashMap<>();
        all.put("title", domain.name() + ": a booted " + domain.type() + " guest");
        all.put("hypervisor", "Xenolith");
        all.put(
                "scheduler",
                Map.of(
                        "name",
                        setting.scheduler().name(),
                        "parameters",
                        setting.scheduler().values()));
        all.put("costs", costs(setting.costs()));
        all.put("tscHz", setting.costs().tscHertz());
        all.put("pcpus", setting.pcpus());
        all.put("domains", List.of(guest));
        Path file = TraceDescription.fileBeside(trace);
        try {
            Files.writeString(file, new YAMLMapper().writeValueAsString(all));
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
        }
        return file;
    }

    /** A shipped profile by its name, another by its file. */
    private static String costs(CostProfile costs) {
        return CostProfile.SHIPPED.contains(costs.name())
                ? costs.name()
                : Path.of(costs.name()).toAbsolutePath().toString();
    }
}
