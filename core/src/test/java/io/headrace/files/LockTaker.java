package io.headrace.files;

import io.headrace.ChildProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process that takes a directory, says how that went, and ends. */
final class LockTaker {

    private LockTaker() {}

    public static void main(String[] arguments) throws IOException {
        try (DirectoryLock lock = DirectoryLock.take(Path.of(arguments[0]))) {
            System.out.print("taken");
        } catch (IllegalStateException e) {
            System.out.print(e.getMessage());
        }
    }

    /** Runs it to its end; what it said. */
    static String run(Path directory) throws IOException {
        Process process = ChildProcess.of(LockTaker.class, directory).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
