package io.headrace.testkit;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A form with files as it lies on the disk. */
final class MultipartForm {

    private static final Pattern BOUNDARY = Pattern.compile("boundary=\"?([^\";]+)\"?");
    private static final Pattern NAME = Pattern.compile("[; ]name=\"([^\"]*)\"");
    private static final Pattern FILENAME = Pattern.compile("filename=\"([^\"]*)\"");

    private MultipartForm() {}

    /**
     * A part of the form.
     *
     * @param filename empty for a part that is no file
     * @param text the content of a part that is no file
     * @param offset of the content in the file
     */
    record Part(String name, String filename, String text, long offset, long length) {}

    /**
     * The parts of the form in {@code path}.
     *
     * @throws IllegalArgumentException if it is not whole
     */
    static List<Part> read(Path path, String contentType) throws IOException {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!contentType.startsWith("multipart/form-data") || !boundary.find()) {
            throw new IllegalArgumentException("the body is no multipart/form-data");
        }
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            return parts(
                    file.map(FileChannel.MapMode.READ_ONLY, 0, file.size()),
                    ("--" + boundary.group(1)).getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private static List<Part> parts(MappedByteBuffer form, byte[] delimiter) {
        List<Part> parts = new ArrayList<>();
        byte[] next = concat("\r\n".getBytes(StandardCharsets.ISO_8859_1), delimiter);
        int at = find(form, delimiter, 0);
        while (at >= 0) {
            at += delimiter.length;
            if (at + 1 < form.limit() && form.get(at) == '-' && form.get(at + 1) == '-') {
                return parts;
            }
            int content = find(form, "\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1), at);
            int end = content < 0 ? -1 : find(form, next, content + 2);
            if (end < 0) {
                break;
            }
            parts.add(part(text(form, at, content), form, content + 4, end));
            at = end + 2;
        }
        throw new IllegalArgumentException("the form breaks off");
    }

    private static Part part(String head, MappedByteBuffer form, int from, int to) {
        Matcher name = NAME.matcher(head);
        Matcher filename = FILENAME.matcher(head);
        boolean isFile = filename.find();
        int length = Math.max(0, to - from);
        return new Part(
                name.find() ? name.group(1) : "",
                isFile ? filename.group(1) : "",
                isFile ? "" : text(form, from, from + length),
                from,
                length);
    }

    private static String text(MappedByteBuffer form, int from, int to) {
        byte[] bytes = new byte[to - from];
        form.get(from, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int find(MappedByteBuffer form, byte[] what, int from) {
        for (int i = from; i <= form.limit() - what.length; i++) {
            int matched = 0;
            while (matched < what.length && form.get(i + matched) == what[matched]) {
                matched++;
            }
            if (matched == what.length) {
                return i;
            }
        }
        return -1;
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = new byte[a.length + b.length];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
