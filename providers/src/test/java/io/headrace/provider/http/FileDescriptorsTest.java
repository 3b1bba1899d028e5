package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileDescriptorsTest {

    @Test
    void scarcity_isToldWhileThereAreSomeLeft() {
        assertThat(FileDescriptors.scarcity(640, 1_024, 700)).isEmpty();
        assertThat(FileDescriptors.scarcity(704, 1_024, 760).orElseThrow())
                .isEqualTo("704 connections are open, and this process may open 264 more files of 1024: raise the limit"
                        + " (ulimit -n 2048), lower the concurrency, or use HTTP/2");
        assertThat(FileDescriptors.scarcity(960, 1_024, 1_030).orElseThrow()).contains("may open 0 more");
        assertThat(FileDescriptors.scarcity(704, -1, -1)).isEmpty();
        assertThat(FileDescriptors.scarcity(10)).isEmpty();
    }

    @Test
    void enough_saysNothing() {
        assertThat(FileDescriptors.shortage(1_000, 4_096, 100)).isEmpty();
        assertThat(FileDescriptors.shortage(1_000, 1_400, 100)).isEmpty();
        assertThat(FileDescriptors.shortage(1)).isEmpty();
    }

    @Test
    void tooFew_namesBothNumbersAndWhatToDo() {
        assertThat(FileDescriptors.shortage(1_000, 1_024, 100).orElseThrow())
                .contains("1000 connections", "1400 file descriptors", "may open 1024", "ulimit -n 2048", "HTTP/2");
    }

    @Test
    void unknownLimit_saysNothing() {
        assertThat(FileDescriptors.shortage(1_000, -1, -1)).isEmpty();
    }
}
