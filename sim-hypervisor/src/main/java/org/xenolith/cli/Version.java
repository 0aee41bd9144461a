package org.xenolith.cli;

import picocli.CommandLine.IVersionProvider;

/** The simulator's version, as its jar says it. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"xenolith " + text() + ", Java " + System.getProperty("java.version")};
    }

    static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
