package io.headrace.dataset;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens files of UTF-8 text, plain or gzip by their first bytes, and turns away what is surely something else with a message
 * that says what it is.
 */
final class TextFile {

    private static final int HEAD = 8;
    private static final int BUFFER = 1 << 16;
    private static final String CUT_OFF = "the compressed data is cut off";

    private static final Logger LOG = LoggerFactory.getLogger(TextFile.class);

    private TextFile() {}

    /**
     * The bytes of the text, unpacked, behind a byte order mark.
     *
     * @throws IllegalArgumentException if there is no such file or it holds no UTF-8 text
     * @throws IOException if it cannot be read
     */
    static InputStream open(Path path) throws IOException {
        InputStream in;
        try {
            BasicFileAttributes before = Files.readAttributes(path, BasicFileAttributes.class);
            if (before.isDirectory()) {
                throw new IllegalArgumentException(path + " is a folder, not a file");
            }
            if (!before.isRegularFile()) {
                throw new IllegalArgumentException(
                        path + " is a pipe or a device, which cannot be read twice; write it to a file first");
            }
            in = new BufferedInputStream(new Watched(Files.newInputStream(path), path, before), BUFFER);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("no such file: " + path, e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
        try {
            if (isGzip(peek(in))) {
                in = new BufferedInputStream(new Gzip(in), BUFFER);
            }
            byte[] head = peek(in);
            String found = otherThanText(head);
            if (found != null) {
                throw new IllegalArgumentException(path + " is " + found);
            }
            if (startsWith(head, 0xEF, 0xBB, 0xBF)) {
                in.skipNBytes(3);
            }
            return in;
        } catch (IOException e) {
            in.close();
            throw unreadable(path, e);
        } catch (RuntimeException e) {
            in.close();
            throw e;
        }
    }

    private static IOException unreadable(Path path, IOException cause) {
        String why = cause instanceof EOFException ? CUT_OFF : cause.toString();
        return new IOException(path + " cannot be read: " + why, cause);
    }

    private static byte[] peek(InputStream in) throws IOException {
        in.mark(HEAD);
        byte[] head = in.readNBytes(HEAD);
        in.reset();
        return head;
    }

    private static boolean isGzip(byte[] head) {
        return startsWith(head, 0x1F, 0x8B, 8);
    }

    private static @Nullable String otherThanText(byte[] head) {
        if (startsWith(head, 0xFF, 0xFE) || startsWith(head, 0xFE, 0xFF)) {
            return "UTF-16, not UTF-8; convert it, for example with: iconv -f UTF-16 -t UTF-8";
        }
        if (head.length >= 4
                && (head[0] == 0) == (head[2] == 0)
                && (head[1] == 0) == (head[3] == 0)
                && (head[0] == 0) != (head[1] == 0)) {
            return "UTF-16 without a byte order mark, or binary, not UTF-8 text";
        }
        if (startsWith(head, 'P', 'K', 3, 4)) {
            return "a zip archive; unpack it first";
        }
        if (startsWith(head, 'P', 'A', 'R', '1')) {
            return "a Parquet file; export it as JSON Lines first";
        }
        if (startsWith(head, 0x28, 0xB5, 0x2F, 0xFD)) {
            return "compressed with zstd; unpack it, or use gzip";
        }
        if (startsWith(head, 'B', 'Z', 'h')
                && head.length == HEAD
                && head[4] == '1'
                && head[5] == 'A'
                && head[6] == 'Y') {
            return "compressed with bzip2; unpack it, or use gzip";
        }
        if (startsWith(head, 0xFD, '7', 'z', 'X', 'Z')) {
            return "compressed with xz; unpack it, or use gzip";
        }
        return null;
    }

    private static boolean startsWith(byte[] head, int... magic) {
        if (head.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((head[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /** Tells at the end of a file whether somebody wrote it meanwhile, such as who still makes it or loads it down. */
    private static final class Watched extends FilterInputStream {

        private final Path path;
        private final BasicFileAttributes before;
        private boolean ended;

        Watched(InputStream in, Path path, BasicFileAttributes before) {
            super(in);
            this.path = path;
            this.before = before;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = super.read(target, offset, length);
            if (read < 0 && !ended) {
                ended = true;
                if (isChanged()) {
                    LOG.warn(
                            "{} changed while it was read: rows may be cut or missing; run again when nobody writes it any more",
                            path);
                }
            }
            return read;
        }

        private boolean isChanged() {
            try {
                BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
                return now.size() != before.size() || !now.lastModifiedTime().equals(before.lastModifiedTime());
            } catch (IOException e) {
                return false; // gone: what was read is all of it
            }
        }
    }

    /**
     * Gzip of any number of members, up to the end of the file. What follows them and is no member, such as lines that somebody
     * appended to a packed file, the JDK leaves out without a word; zeros are padding.
     */
    private static final class Gzip extends GZIPInputStream {

        private static final int TRAILER = 8;

        Gzip(InputStream in) throws IOException {
            super(in, BUFFER);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read;
            try {
                read = super.read(target, offset, length);
            } catch (EOFException e) {
                throw new IOException(CUT_OFF, e);
            }
            if (read < 0) {
                checkEnd();
            }
            return read;
        }

        /** At the end the buffer still holds the last member's trailer and what was read behind it. */
        private void checkEnd() throws IOException {
            for (int at = len - inf.getRemaining() + TRAILER; at < len; at++) {
                if (buf[at] != 0) {
                    throw new IOException("something that is not compressed follows the compressed data");
                }
            }
        }
    }
}
