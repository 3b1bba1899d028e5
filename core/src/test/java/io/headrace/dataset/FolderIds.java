package io.headrace.dataset;

import io.headrace.ChildProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A process that prints the ids of a folder's files. */
final class FolderIds {

    private FolderIds() {}

    public static void main(String[] arguments) {
        String ids = String.join("\n", Rows.ids(Dataset.folder(Path.of(arguments[0]))));
        System.out.writeBytes(ids.getBytes(StandardCharsets.UTF_8));
    }

    /** As it goes in a container or a cron job: names are ASCII there. */
    static List<String> ofProcessWithoutLocale(Path folder) throws IOException {
        ProcessBuilder process = ChildProcess.of(FolderIds.class, folder);
        process.environment().put("LC_ALL", "C");
        return new String(process.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }
}
