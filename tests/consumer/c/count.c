#include <cairn/cairn.h>
#include <inttypes.h>
#include <stdio.h>

int main(void) {
  int64_t count = 0;
  uint64_t generation = 0;
  cairn_session* session = NULL;
  cairn_error error;
  if (cairn_session_open(NULL, &session, &error) ||
      cairn_protect_number(session, "count", &count, CAIRN_I64, &error) ||
      cairn_restore(session, &generation, &error)) {
    fprintf(stderr, "%s; %s\n", error.message, error.hint);
    return 1;
  }
  ++count;
  if (cairn_checkpoint(session, NULL, &error)) {
    fprintf(stderr, "%s; %s\n", error.message, error.hint);
    return 1;
  }
  printf("generation %" PRIu64 ", count %" PRId64 "\n", generation, count);
  cairn_session_close(session);
  return 0;
}
