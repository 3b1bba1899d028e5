package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.testkit.SimulatedProvider;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.transport.ProxyProvider;

@Timeout(60)
class HttpProxyTest {

    private static final String PASSWORD = "correct-horse-battery";
    private static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString(("user:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
    private static final URI ELSEWHERE = URI.create("http://no-such-host.invalid/v1/chat/completions");

    private SimulatedProvider server = SimulatedProvider.builder().start();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void proxy_isAskedForTheHost_andLooksUpItsName() throws Exception {
        try (ProxyServer proxy = new ProxyServer(server.port(), "");
                HttpTransport transport = HttpTransport.builder()
                        .proxy(HttpProxy.of("127.0.0.1", proxy.port()))
                        .build()) {
            assertThat(post(transport, ELSEWHERE).block().status()).isEqualTo(200);
            assertThat(proxy.heads()).hasSize(1);
            assertThat(proxy.heads().get(0)).startsWith("CONNECT no-such-host.invalid:80 HTTP/1.1\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void tunnel_carriesEveryProtocol_andOnlyTheProxySeesItsCredentials(Protocol protocol) throws Exception {
        server.close();
        server = protocol.server(10).start();
        try (ProxyServer proxy = new ProxyServer(server.port(), BASIC);
                HttpTransport transport = protocol.client(server)
                        .proxy(HttpProxy.of("127.0.0.1", proxy.port())
                                .credentials("user", PASSWORD)
                                .except())
                        .build()) {
            assertThat(Protocol.post(Protocol.endpoint(transport, server))
                            .block()
                            .status())
                    .isEqualTo(200);
            assertThat(proxy.heads()).hasSize(1);
            assertThat(proxy.heads().get(0)).doesNotContain("a-long-secret-key");
            assertThat(server.requests().get(0).header("proxy-authorization")).isEmpty();
        }
    }

    @Test
    void proxyThatSaysNo_failsTheCallUnsent_withoutASecret() throws Exception {
        HttpProxy address;
        try (ProxyServer proxy = new ProxyServer(server.port(), "Basic other");
                HttpTransport transport = HttpTransport.builder()
                        .proxy(address = HttpProxy.of("127.0.0.1", proxy.port()).credentials("user", PASSWORD))
                        .build()) {
            ApiException error = (ApiException) post(transport, ELSEWHERE)
                    .then(Mono.<Throwable>empty())
                    .onErrorResume(Mono::just)
                    .block(Duration.ofSeconds(20));

            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error).hasMessageContaining(": the proxy does not connect: 407 ");
            assertThat(error.isTransient()).isFalse();
            StringWriter trace = new StringWriter();
            error.printStackTrace(new PrintWriter(trace));
            assertThat(trace.toString() + address).doesNotContain(PASSWORD, BASIC.substring(6));
            assertThat(server.statistics().requests()).isZero();
        }
    }

    @Test
    void proxyThatIsUnknown_isNamedAsTheReason() {
        try (HttpTransport transport = HttpTransport.builder()
                .proxy(HttpProxy.of("no-such-proxy.invalid", 3128))
                .build()) {
            ApiException error = (ApiException) post(transport, ELSEWHERE)
                    .then(Mono.<Throwable>empty())
                    .onErrorResume(Mono::just)
                    .block(Duration.ofSeconds(20));

            assertThat(error).hasMessageContaining(": the name of the proxy is unknown (not sent)");
            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, false",
        "127.0.0.1, false",
        "api.openai.com, true",
        "corp.example, false",
        "llm.corp.example, false",
        "notcorp.example, true",
        "LLM.CORP.EXAMPLE, false",
        "10.0.0.7, false",
        "10.0.0.70, true"
    })
    void exceptedHosts_areReachedDirectly(String host, boolean proxied) {
        HttpProxy proxy =
                HttpProxy.of("proxy.example", 3128).except("localhost", "127.0.0.1", ".corp.example", " 10.0.0.7");
        HttpClient client = proxy.apply(HttpClient.create(), URI.create("https://" + host + "/v1"));
        assertThat(client.configuration().hasProxy()).isEqualTo(proxied);
        assertThat(proxy.except("*")
                        .apply(HttpClient.create(), URI.create("https://" + host))
                        .configuration()
                        .hasProxy())
                .isFalse();
    }

    @Test
    void environment_isReadByTheSchemeOfTheUrl() {
        Map<String, String> environment = new HashMap<>();
        assertThat(proxyOf("https://api.openai.com", environment)).isEqualTo("none");

        environment.put("HTTPS_PROXY", "http://us%65r:p%40ss-word+1@proxy.example:3128/");
        environment.put("http_proxy", "other.example:8080");
        assertThat(proxyOf("https://api.openai.com", environment))
                .startsWith("proxy.example")
                .endsWith(":3128");
        assertThat(proxyOf("http://api.openai.com", environment))
                .startsWith("other.example")
                .endsWith(":8080");
        assertThat(proxyOf("http://localhost:8000", environment)).isEqualTo("none");

        environment.put("NO_PROXY", "openai.com, 10.0.0.7");
        assertThat(proxyOf("https://api.openai.com", environment)).isEqualTo("none");
        assertThat(proxyOf("https://localhost", environment)).isEqualTo("none");
        assertThat(proxyOf("https://api.anthropic.com", environment)).startsWith("proxy.example");
    }

    @Test
    void environmentThatCannotBeUsed_isSaidWithoutItsPassword() {
        for (String url :
                new String[] {"socks5://u:secret-pw@h:1", "http://u:secret pw@h:1", "http://u:secret-pw@h:99999"}) {
            assertThatThrownBy(() -> proxyOf("https://api.openai.com", Map.of("https_proxy", url)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasNoCause()
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
        }
        assertThatThrownBy(() -> HttpProxy.of("h", 0)).hasMessageContaining("1 to 65535");
    }

    @Test
    void systemProperties_comeFirst() throws Exception {
        try (ProxyServer proxy = new ProxyServer(server.port(), "")) {
            System.setProperty("https.proxyHost", "127.0.0.1");
            System.setProperty("https.proxyPort", String.valueOf(proxy.port()));
            try (HttpTransport transport = HttpTransport.builder().systemProxy().build()) {
                assertThat(post(transport, ELSEWHERE).block().status()).isEqualTo(200);
                assertThat(proxy.heads()).hasSize(1);
                assertThat(Protocol.post(Protocol.endpoint(transport, server))
                                .block()
                                .status())
                        .as("loopback, directly")
                        .isEqualTo(200);
                assertThat(proxy.heads()).hasSize(1);
            } finally {
                System.clearProperty("https.proxyHost");
                System.clearProperty("https.proxyPort");
            }
        }
    }

    private static Mono<HttpAnswer> post(HttpTransport transport, URI uri) {
        byte[] request = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"
                .getBytes(StandardCharsets.UTF_8);
        return transport
                .endpoint("p", uri, Map.of("authorization", "Bearer key"))
                .post("m", request, request.length);
    }

    private static String proxyOf(String url, Map<String, String> environment) {
        HttpClient client = HttpProxy.ofSystem(HttpClient.create(), URI.create(url), environment::get);
        if (!client.configuration().hasProxy()) {
            return "none";
        }
        ProxyProvider proxy = client.configuration().proxyProviderSupplier().get();
        return proxy.getProxyAddress().toString();
    }
}
