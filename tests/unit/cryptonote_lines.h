/* cryptonote_lines.h: messages of the login dialect, as XMRig and its pools write them. */
#ifndef TESTS_UNIT_CRYPTONOTE_LINES_H
#define TESTS_UNIT_CRYPTONOTE_LINES_H

#define H16 "1a2b3c4d5e6f7a8b"
#define H64 H16 H16 H16 H16
#define XMR \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApfb" \
	"4r" \
	"NoqE7"
/* version 16.16, 2026-03-05, previous hash, nonce, tree hash, one transaction: 76 bytes */
#define BLOB \
	"1010" \
	"f0e8a4cd06" H64 "00000000" H64 "01"
/* the same with a time of 1970 */
#define BLOB_ODD \
	"1010" \
	"0100000000" H64 "00000000" H64 "01"
#define JOB_OF(blob, more) \
	"{\"blob\":\"" blob "\",\"job_id\":\"9f3c\",\"target\":\"f3220000\"" more "}"
#define JOB       JOB_OF(BLOB, ",\"algo\":\"rx/0\",\"height\":3300000,\"seed_hash\":\"" H64 "\"")
#define PUSH(job) "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":" job "}"
#define REPLY(job) \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":\"a1b2\",\"job\":" job \
	"," \
	"\"extensions\":[\"algo\"],\"status\":\"OK\"}}"
#define AGENT "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.1"
#define LOGIN_OF(fields) \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{" fields "}}"
#define LOGIN \
	LOGIN_OF("\"login\":\"" XMR ".w1\",\"pass\":\"x\",\"agent\":\"" AGENT \
		 "\",\"rigid\":\"rack3\"," \
		 "\"algo\":[\"rx/0\",\"cn/r\",\"argon2/chukwa\"]")
#define WEAK_LOGIN LOGIN_OF("\"login\":\"ann\",\"pass\":\"secret\"")
#define SUBMIT \
	"{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"a1b2\"," \
	"\"job_id\":\"9f3c\",\"nonce\":\"d0030040\",\"result\":\"" H16 H16 H16 \
	"00000000b7d10000\"," \
	"\"algo\":\"rx/0\"}}"

#endif
