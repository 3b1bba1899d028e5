package io.headrace.provider.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An HTTP answer with any status, its body read whole. Immutable as long as nobody writes to its bytes. */
final class HttpAnswer {

    /** Of OpenAI and compatible servers, Anthropic, and Azure. */
    private static final List<AsciiString> REQUEST_ID_HEADERS = List.of(
            AsciiString.cached("x-request-id"),
            AsciiString.cached("request-id"),
            AsciiString.cached("apim-request-id"));

    private final int status;
    private final HttpHeaders headers;
    private final byte[] body;
    private final int length;
    private final Secret key;

    HttpAnswer(int status, HttpHeaders headers, byte[] body, int length, Secret key) {
        this.status = status;
        this.headers = headers;
        this.body = body;
        this.length = length;
        this.key = key;
    }

    int status() {
        return status;
    }

    /** Whether the status is one of success, 2xx. */
    boolean isSuccess() {
        return status / 100 == 2;
    }

    /** The first value of a header, whatever the case of its name; null if absent. */
    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    /** All values of a header, in their order, whatever the case of its name. */
    List<String> headers(String name) {
        return headers.getAll(name);
    }

    /** The id that the server gave the request, for its support; null if there is none. */
    @Nullable
    String requestId() {
        return requestId(headers);
    }

    static @Nullable String requestId(HttpHeaders headers) {
        for (AsciiString name : REQUEST_ID_HEADERS) {
            String id = headers.get(name);
            if (id != null && !id.isBlank()) {
                return id;
            }
        }
        return null;
    }

    /** The key that came with the call, which no text may show; {@link Secret#NONE} for none. */
    Secret key() {
        return key;
    }

    /** The body's bytes, in an array that may be longer than {@link #length}; not a copy. */
    byte[] body() {
        return body;
    }

    /** This status and these headers with another body. */
    HttpAnswer withBody(byte[] other) {
        return new HttpAnswer(status, headers, other, other.length, key);
    }

    /** Length of the body in bytes. */
    int length() {
        return length;
    }

    /** The start of the body as text, at most {@code maxBytes} bytes of it. */
    String text(int maxBytes) {
        return new String(body, 0, Math.min(length, maxBytes), StandardCharsets.UTF_8);
    }

    boolean isBlank() {
        for (int i = 0; i < length; i++) {
            if (body[i] > ' ' || body[i] < 0) {
                return false;
            }
        }
        return true;
    }

    /** Status and size only: bodies may be private. */
    @Override
    public String toString() {
        return "HttpAnswer[" + status + ", " + length + " bytes]";
    }
}
