package io.headrace;

import java.nio.file.Path;

/** Another JVM with the classes of this one. */
public final class ChildProcess {

    private ChildProcess() {}

    /** To run {@code main} with one argument; errors come with the output. */
    public static ProcessBuilder of(Class<?> main, Object argument) {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        argument.toString())
                .redirectErrorStream(true);
    }
}
