package io.headrace.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say who answers. */
final class ProviderOptions {

    private static final String OPENAI_MODEL = "gpt-4o-mini";
    private static final String ANTHROPIC_MODEL = "claude-haiku-4-5";

    /** Whose wire is spoken. */
    enum Api {
        OPENAI("OPENAI_API_KEY", OPENAI_MODEL),
        ANTHROPIC("ANTHROPIC_API_KEY", ANTHROPIC_MODEL);

        private final String keyVariable;
        private final String defaultModel;

        Api(String keyVariable, String defaultModel) {
            this.keyVariable = keyVariable;
            this.defaultModel = defaultModel;
        }
    }

    private static final String KEY_VARIABLE = "HEADRACE_API_KEY";

    @Option(
            names = "--base-url",
            paramLabel = "URL",
            order = 20,
            description = {
                "Where the provider is, such as https://api.openai.com/v1; /v1 is added where there is no path. Default:"
                        + " a simulated provider in this process.",
                "The key is taken from HEADRACE_API_KEY, else OPENAI_API_KEY or ANTHROPIC_API_KEY; a loopback address"
                        + " needs none."
            })
    private @Nullable String baseUrl;

    @Option(
            names = "--provider",
            paramLabel = "API",
            order = 21,
            description = "openai, also for every compatible server, or anthropic. Default: by the host of --base-url.")
    private @Nullable Api provider;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            order = 22,
            description = "The provider's name of the model. Default: " + OPENAI_MODEL + " or " + ANTHROPIC_MODEL + ".")
    private @Nullable String model;

    @Option(
            names = "--identity",
            paramLabel = "NAME",
            order = 23,
            description =
                    "Whose answers these are in the cache. Default: the base URL, and 'simulated' for the provider in"
                            + " this process; give that name for a simulator whose port changes.")
    private @Nullable String identity;

    private final Surroundings surroundings;

    ProviderOptions(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    boolean isSimulatedHere() {
        return baseUrl == null;
    }

    /**
     * The backend that these options mean.
     *
     * @throws UsageProblem if they do not fit together, or a key is missing
     */
    Backend open(SimulatorSettings simulator) {
        String url = baseUrl;
        if (url == null) {
            if (provider != null || identity != null) {
                throw new UsageProblem((provider != null ? "--provider" : "--identity")
                        + " needs --base-url; without one the simulated provider answers");
            }
            return Backend.simulated(simulator, model == null ? Api.OPENAI.defaultModel : model);
        }
        URI uri = parse(url);
        Api api = provider != null ? provider : uri.getHost().contains("anthropic") ? Api.ANTHROPIC : Api.OPENAI;
        String key = key(api);
        if (key == null && !isLoopback(uri.getHost())) {
            throw new UsageProblem("no API key for " + uri.getHost() + ": set " + KEY_VARIABLE + " or "
                    + api.keyVariable + " in the environment");
        }
        String used = withPath(url, uri);
        String asked = model == null ? api.defaultModel : model;
        try {
            return switch (api) {
                case OPENAI -> Backend.openAi(used, key, identity, asked);
                case ANTHROPIC -> Backend.anthropic(used, key, identity, asked);
            };
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
    }

    private @Nullable String key(Api api) {
        String own = surroundings.variable(KEY_VARIABLE);
        return own == null ? surroundings.variable(api.keyVariable) : own;
    }

    private static URI parse(String url) {
        try {
            URI uri = new URI(url);
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if (uri.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new UsageProblem("--base-url is no URL: " + e.getReason(), e);
        }
        throw new UsageProblem("--base-url must be like https://host/v1 or http://127.0.0.1:8080/v1");
    }

    private static String withPath(String url, URI uri) {
        String path = uri.getRawPath();
        boolean bare = (path == null || path.isEmpty() || path.equals("/")) && uri.getRawQuery() == null;
        return bare ? url.replaceFirst("/$", "") + Backend.API_PATH : url;
    }

    /** By the written address, without a look-up: names that only resolve to the loopback need a key. */
    private static boolean isLoopback(String host) {
        return host.equalsIgnoreCase("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}");
    }
}
