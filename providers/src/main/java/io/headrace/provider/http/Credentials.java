package io.headrace.provider.http;

import io.headrace.admission.ApiKey;
import io.headrace.admission.Grant;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * How requests say whose they are: in which header, with which key. A key that comes with a call, in the {@link Grant} of its
 * Reactor {@code Context}, goes before the provider's own. Every request carries its key itself, so calls with different keys share
 * connections. Immutable; {@code toString} shows no key.
 */
public final class Credentials {

    /** No key; one that comes with a call is sent as a bearer token. */
    static final Credentials NONE = bearer(Secret.NONE);

    private final String header;
    private final String prefix;
    private final Secret own;
    private final boolean isPerCall;

    private Credentials(String header, String prefix, Secret own, boolean isPerCall) {
        this.header = header;
        this.prefix = prefix;
        this.own = Objects.requireNonNull(own, "own");
        this.isPerCall = isPerCall;
    }

    /** Sends {@code Authorization: Bearer}. */
    public static Credentials bearer(Secret own) {
        return new Credentials("authorization", "Bearer ", own, false);
    }

    /** Sends the bare key in {@code header}. */
    public static Credentials header(String header, Secret own) {
        return new Credentials(header, "", own, false);
    }

    /** The same, but a call without a key of its own is not sent where there is no other. */
    Credentials perCall() {
        return new Credentials(header, prefix, own, true);
    }

    /** The provider's own key. */
    Secret own() {
        return own;
    }

    /** Adds the own key to the headers of every request. */
    void into(Map<String, String> headers) {
        if (own.isPresent()) {
            headers.put(header, value(own));
        }
    }

    String header() {
        return header;
    }

    String value(Secret key) {
        return prefix + key.reveal();
    }

    /**
     * For whom the call of that context is sent.
     *
     * @param clock measures times that the server gives as an instant
     * @throws IllegalArgumentException if no key can look like that, or one is needed and none came; says so without the key
     */
    Caller caller(ContextView context, Clock clock) {
        Grant grant = Grant.KEY.from(context);
        return new Caller(this, keyOfCall(grant), grant, clock);
    }

    /** The key that comes with the call of that context, {@link Secret#NONE} for none. */
    static Secret keyIn(ContextView context) {
        Grant grant = Grant.KEY.from(context);
        ApiKey key = grant == null ? null : grant.key();
        return key == null ? Secret.NONE : Secret.of("the key " + key.name(), key.value());
    }

    private Secret keyOfCall(@Nullable Grant grant) {
        ApiKey key = grant == null ? null : grant.key();
        if (key != null) {
            return Secret.of("the key " + key.name(), key.value());
        }
        if (isPerCall && !own.isPresent()) {
            throw new IllegalArgumentException(
                    "no key came with the call, and the provider has none: give the gate a key, or set apiKey");
        }
        return Secret.NONE;
    }

    @Override
    public String toString() {
        return "Credentials[" + header + (own.isPresent() ? ", own key" : "") + (isPerCall ? ", per call" : "") + "]";
    }
}
