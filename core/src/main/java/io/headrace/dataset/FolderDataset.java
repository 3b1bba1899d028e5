package io.headrace.dataset;

import io.headrace.Outcome;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import reactor.core.publisher.Flux;

/** The text files below a folder, one item each. */
final class FolderDataset implements Dataset<String> {

    /** What counts as a text file when nobody says otherwise. */
    static final String TEXT_FILES = "**.{txt,text,md,markdown,rst,html,htm,tex}{,.gz}";

    private static final int NAMES_SHOWN = 10;

    private final Path folder;
    private final String glob;

    FolderDataset(Path folder, String glob) {
        this.folder = folder;
        this.glob = glob;
        matcher(); // a wrong pattern is said here
    }

    @Override
    public String name() {
        Path name = folder.getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    @Override
    public String signature() {
        return "folder " + folder.toAbsolutePath().normalize() + " files=" + glob;
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Flux<Outcome<String>> items() {
        return BlockingSource.read(this::open);
    }

    @Override
    public void check() {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    Files.exists(folder) ? folder + " is a file, not a folder" : "no such folder: " + folder);
        }
        FirstRows<String> first = FirstRows.of(name(), this::open);
        first.check(Set.of());
        if (first.count() == 0) {
            List<String> others = FolderReader.names(folder, NAMES_SHOWN);
            throw new IllegalArgumentException("no file in " + folder + " matches " + glob + "; it holds: "
                    + (others.isEmpty() ? "nothing" : String.join(", ", others)));
        }
    }

    @Override
    public String toString() {
        return "Dataset[" + signature() + "]";
    }

    private FolderReader open() {
        return new FolderReader(name(), folder, matcher(), RowFile.DEFAULT_MAX_ROW_BYTES);
    }

    private PathMatcher matcher() {
        return FileSystems.getDefault().getPathMatcher("glob:" + glob);
    }
}
