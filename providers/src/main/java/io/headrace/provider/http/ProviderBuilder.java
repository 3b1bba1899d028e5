package io.headrace.provider.http;

import io.headrace.model.ChatCall;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The settings that every provider has. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract class ProviderBuilder<B extends ProviderBuilder<B>> {

    private final String keyVariable;
    private Secret key = Secret.NONE;
    private boolean keyFromEnv;
    private boolean keyPerCall;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private UnaryOperator<@Nullable String> environment = System::getenv;

    @Nullable
    String identity;

    @Nullable
    HttpTransport transport;

    HttpTransport.Builder ownTransport = HttpTransport.builder();

    Clock clock = Clock.systemUTC();

    /**
     * @param keyVariable the environment variable that may hold the key
     */
    protected ProviderBuilder(String keyVariable) {
        this.keyVariable = keyVariable;
    }

    protected abstract B self();

    /**
     * The API key. Without one none is sent, which compatible servers allow and the provider itself does not.
     *
     * @throws IllegalArgumentException if it is blank or no key can look like that
     */
    public B apiKey(String apiKey) {
        this.key = Secret.of("apiKey", apiKey);
        return self();
    }

    /** Takes the key from the provider's usual environment variable when built, if it is set. */
    public B apiKeyFromEnv() {
        this.keyFromEnv = true;
        return self();
    }

    /**
     * Lets the provider be built without a key: each call brings its own, which the gate that lets it in chooses ({@link
     * io.headrace.admission.Grant#key}). A call without one fails as {@code AUTHENTICATION}, not sent. A key that comes with a call
     * goes before {@link #apiKey} in any case, also without this.
     */
    public B keyPerCall() {
        this.keyPerCall = true;
        return self();
    }

    /**
     * A further header for every request; overrules one of the same name. One that HTTP does not allow, or only the HTTP client
     * may set, is refused when built.
     */
    public B header(String name, String value) {
        headers.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
        return self();
    }

    /** Whose answers these are, see {@link ChatCall#identity}. Default: the base URL in normal form. */
    public B identity(String identity) {
        this.identity = Objects.requireNonNull(identity, "identity");
        return self();
    }

    /** Connections to use, which stay the caller's to close. Default: its own, with the transport's defaults. */
    public B transport(HttpTransport transport) {
        this.transport = Objects.requireNonNull(transport, "transport");
        return self();
    }

    /**
     * How many calls are meant to be in flight, see {@link HttpTransport.Builder#concurrency}. A transport that is given has its own
     * word on that.
     */
    public B concurrency(int concurrency) {
        this.ownTransport = HttpTransport.builder().concurrency(concurrency);
        return self();
    }

    /** Measures waits that the server gives as a date. Default: the system's. */
    public B clock(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return self();
    }

    /** For tests: where {@link #apiKeyFromEnv} looks. */
    protected B environment(UnaryOperator<@Nullable String> environment) {
        this.environment = environment;
        return self();
    }

    /**
     * The API with these settings.
     *
     * @param name the provider, as error messages name it
     * @param ownHost the provider's own host, which needs a key, and so do those below it
     * @param ownHeaders the provider's further headers
     * @param credentialsOf how a key is sent
     * @throws IllegalArgumentException if there is no key and the base URL is the provider's own, or if the environment's key
     *     is blank
     */
    protected JsonApi api(
            String name,
            BaseUrl baseUrl,
            String ownHost,
            Map<String, String> ownHeaders,
            Function<Secret, Credentials> credentialsOf,
            ErrorRules rules) {
        Secret used = key;
        String fromEnv = keyFromEnv && !key.isPresent() ? environment.apply(keyVariable) : null;
        if (fromEnv != null) {
            used = Secret.of(keyVariable, fromEnv);
        }
        if (!used.isPresent() && !keyPerCall && headers.isEmpty() && ("." + baseUrl.host()).endsWith("." + ownHost)) {
            throw new IllegalArgumentException("no API key for " + baseUrl + ": set apiKey, or " + keyVariable
                    + " with apiKeyFromEnv, or keyPerCall");
        }
        Map<String, String> all = new LinkedHashMap<>(ownHeaders);
        all.putAll(headers);
        Secret hidden = used.hiding(headers.values()).hiding(baseUrl.queryValues());
        Credentials credentials = credentialsOf.apply(hidden);
        return new JsonApi(name, baseUrl, this, all, keyPerCall ? credentials.perCall() : credentials, rules, hidden);
    }
}
