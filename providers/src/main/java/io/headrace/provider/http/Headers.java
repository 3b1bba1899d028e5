package io.headrace.provider.http;

import io.netty.util.AsciiString;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Headers that go with every request, checked once: what is in them could otherwise end the head and begin another. */
final class Headers {

    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern VALUE = Pattern.compile("[\t\\x20-\\x7E]*");

    /** Of the connection and of what the body is like, which are the HTTP client's to say. */
    private static final Set<String> NOT_OURS =
            Set.of("connection", "content-encoding", "content-length", "expect", "te", "transfer-encoding", "upgrade");

    private Headers() {}

    /**
     * As bytes, for they are the same in every request.
     *
     * @throws IllegalArgumentException for a name or a value that HTTP does not allow, or a header that only the HTTP client
     *     may set; says so without the value, which may be a key
     */
    static Map<AsciiString, AsciiString> encoded(Map<String, String> headers) {
        Map<AsciiString, AsciiString> encoded = new LinkedHashMap<>();
        headers.forEach((name, value) -> {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("'" + name.replaceAll("\\p{Cntrl}", "?")
                        + "' is no name of a header: use letters, digits and -");
            }
            if (!VALUE.matcher(value).matches()) {
                throw new IllegalArgumentException("the header " + name
                        + " holds a line break, a control character or one outside ASCII: no header may");
            }
            if (NOT_OURS.contains(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("the header " + name + " is set by the HTTP client itself");
            }
            encoded.put(new AsciiString(name), new AsciiString(value));
        });
        return encoded;
    }
}
