package io.headrace.dataset;

import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Walks a folder depth first, each folder's entries in the order of their names, and reads the files that match. Holds the
 * listings of the folders it is in, never more. Hidden entries and links to folders are passed over. A file that cannot be read is a
 * failure, and so is a folder below that cannot be listed.
 */
final class FolderReader implements BatchReader<String> {

    private static final char UNKNOWN = '\uFFFD';
    private static final Pattern BEYOND_GLOBS = Pattern.compile("[\n\r\u0085\u2028\u2029]");
    private static final int MOST_FILES = 32;
    private static final int MOST_BYTES = 1 << 18;

    private final String name;
    private final Path root;
    private final PathMatcher matcher;
    private final int maxFileBytes;
    private final Deque<Iterator<Path>> open = new ArrayDeque<>();
    private boolean started;
    private long ordinal;

    FolderReader(String name, Path root, PathMatcher matcher, int maxFileBytes) {
        this.name = name;
        this.root = root;
        this.matcher = matcher;
        this.maxFileBytes = maxFileBytes;
    }

    @Override
    public List<Outcome<String>> next() throws IOException {
        if (!started) {
            started = true;
            open.push(entries(root));
        }
        List<Outcome<String>> batch = new ArrayList<>();
        long bytes = 0;
        while (!open.isEmpty() && batch.size() < MOST_FILES && bytes < MOST_BYTES) {
            Iterator<Path> entries = open.peek();
            if (!entries.hasNext()) {
                open.pop();
                continue;
            }
            Path entry = entries.next();
            if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    open.push(entries(entry));
                } catch (IOException | IllegalArgumentException e) {
                    batch.add(failed(id(entry), ordinal++, 0, ErrorText.message(e)));
                }
            } else if (mayBeFile(entry) && matches(root.relativize(entry))) {
                Outcome<String> outcome = read(entry);
                batch.add(outcome);
                bytes += outcome instanceof Outcome.Ok<String> ok ? ok.value().length() : 0;
            }
        }
        return batch;
    }

    @Override
    public void close() {
        open.clear();
    }

    /** Names of a few entries of a folder, for messages. */
    static List<String> names(Path folder, int most) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .sorted()
                    .limit(most)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Iterator<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !String.valueOf(entry.getFileName()).startsWith("."))
                    .sorted(Comparator.comparing(entry -> String.valueOf(entry.getFileName())))
                    .toList()
                    .iterator();
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("no such folder: " + folder, e);
        } catch (IOException | UncheckedIOException e) {
            throw new IOException("cannot list the folder " + folder + ": " + e, e);
        }
    }

    /** Also what cannot be looked at, a link to nothing among it: reading it tells why. */
    private static boolean mayBeFile(Path entry) {
        return Files.isRegularFile(entry) || !Files.exists(entry);
    }

    /** The stars of the JDK's globs do not match line breaks: what has any is looked at a second time, without them. */
    private boolean matches(Path file) {
        if (matcher.matches(file)) {
            return true;
        }
        String path = file.toString();
        String plain = BEYOND_GLOBS.matcher(path).replaceAll("_");
        return !plain.equals(path) && matcher.matches(file.getFileSystem().getPath(plain.replace(UNKNOWN, '_')));
    }

    private Outcome<String> read(Path file) {
        String id = id(file);
        long position = ordinal++;
        try (InputStream in = TextFile.open(file)) {
            byte[] bytes = in.readNBytes(maxFileBytes);
            if (in.read() >= 0) {
                return failed(id, position, 0, "longer than the " + maxFileBytes + " bytes allowed");
            }
            long digest = Digest.of(bytes, 0, bytes.length);
            int invalid = Utf8.firstInvalid(bytes, 0, bytes.length);
            if (invalid >= 0) {
                return failed(id, position, digest, "not UTF-8 at byte " + (invalid + 1));
            }
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (text.isBlank()) {
                return failed(id, position, digest, "the file is empty");
            }
            return Outcome.ok(new Item<>(id, position, digest, null, text));
        } catch (IOException | IllegalArgumentException e) {
            return failed(id, position, 0, ErrorText.message(e));
        }
    }

    /**
     * The path below the folder, with slashes on every system. Bytes that the process cannot spell, all but ASCII where no locale is
     * set, would make one id of many names: their URI has them. Those that are no UTF-8 stay escaped as there.
     */
    private String id(Path file) {
        String path =
                root.relativize(file).toString().replace(file.getFileSystem().getSeparator(), "/");
        if (path.indexOf(UNKNOWN) < 0) {
            return path;
        }
        URI uri = root.toUri().relativize(file.toUri());
        return uri.getPath().indexOf(UNKNOWN) < 0 ? uri.getPath() : uri.getRawPath();
    }

    private Outcome<String> failed(String id, long position, long digest, String reason) {
        return new Outcome.Failed<>(
                new Item<>(id, position, digest, null, id),
                name,
                ErrorKind.MALFORMED_ROW,
                name + "/" + id + ": " + reason,
                Tally.ZERO);
    }
}
