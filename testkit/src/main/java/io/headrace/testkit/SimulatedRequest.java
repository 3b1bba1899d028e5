package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A request that the simulated provider received. Immutable; {@code toString} shows neither headers nor the body. */
public final class SimulatedRequest {

    private final String path;
    private final HttpHeaders headers;
    private final byte[] body;
    private final BodyDigest digest;
    private final int occurrence;

    SimulatedRequest(String path, HttpHeaders headers, byte[] body, BodyDigest digest, int occurrence) {
        this.path = path;
        this.headers = headers;
        this.body = body;
        this.digest = digest;
        this.occurrence = occurrence;
    }

    /** The path, such as {@code /v1/messages}. */
    public String path() {
        return path;
    }

    /** The first header of that name, whatever its case. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /** The body as text. */
    public String body() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /** SHA-256 of the body, in hex. */
    public String digest() {
        return digest.hex();
    }

    /** How often this body was asked by then, from 1; always 1 where occurrences are not counted. */
    public int occurrence() {
        return occurrence;
    }

    byte[] bytes() {
        return body;
    }

    BodyDigest bodyDigest() {
        return digest;
    }

    @Override
    public String toString() {
        return "SimulatedRequest[" + path + " " + digest() + " #" + occurrence + "]";
    }
}
