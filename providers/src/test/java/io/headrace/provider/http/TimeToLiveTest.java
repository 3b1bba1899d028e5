package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.provider.OneOfFive;
import io.headrace.testkit.SimulatedProvider;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.dns.RoundRobinDnsAddressResolverGroup;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.netty.http.HttpResources;

/** Look-ups by the transport's own settings, at a name server of ours. */
@Timeout(60)
class TimeToLiveTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    /** Longer than three calls take. */
    private static final Duration TIME_TO_LIVE = Duration.ofSeconds(4);

    private static AddressResolverGroup<InetSocketAddress> lookups(NameServer names) {
        return Connector.nameLookups()
                .dnsAddressResolverGroupProvider(builder -> new RoundRobinDnsAddressResolverGroup(
                        builder.nameServerProvider(new SequentialDnsServerAddressStreamProvider(names.address()))))
                .build()
                .newNameResolverGroup(HttpResources.get(), false);
    }

    @Test
    void newConnection_looksUpANameAgainWhenItsTimeIsOver_andNotBefore() throws Exception {
        OneOfFive.passes(TimeToLiveTest::lookUpAgainWhenItsTimeIsOver);
    }

    private static void lookUpAgainWhenItsTimeIsOver() {
        try (NameServer names = new NameServer(TIME_TO_LIVE);
                SimulatedProvider server = SimulatedProvider.builder().start();
                AddressResolverGroup<InetSocketAddress> lookups = lookups(names);
                HttpTransport transport = HttpTransport.builder()
                        .maxLifeTime(Duration.ofMillis(1))
                        .customize(client -> client.resolver(lookups))
                        .build()) {
            HttpEndpoint endpoint = transport.endpoint(
                    "p",
                    URI.create("http://provider.test:" + server.port() + "/v1/chat/completions"),
                    Map.of("authorization", "Bearer a-long-secret-key"));
            Mono<HttpAnswer> call = Mono.delay(Duration.ofMillis(20)).then(Protocol.post(endpoint));

            call.then(call).then(call).block(SOON);
            assertThat(server.connections().opened()).isEqualTo(3);
            assertThat(names.questions()).isEqualTo(1);

            Mono.delay(TIME_TO_LIVE)
                    .thenMany(call.repeat(() -> names.questions() == 1))
                    .blockLast(SOON);
        }
    }
}
