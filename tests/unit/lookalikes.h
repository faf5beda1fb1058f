/* lookalikes.h: messages of others that resemble mining, one flow per row. No dialect may report
 * more than PROOF_NONE for any of them. */
#ifndef TESTS_UNIT_LOOKALIKES_H
#define TESTS_UNIT_LOOKALIKES_H

static const char *const lookalikes[] = {
	/* Electrum servers, once called stratum too */
	"{\"id\":0,\"method\":\"server.version\",\"params\":[\"electrum/4.4.6\",\"1.4\"]}",
	"{\"id\":1,\"method\":\"blockchain.headers.subscribe\",\"params\":[]}",
	"{\"id\":2,\"method\":\"blockchain.scripthash.subscribe\",\"params\":[\"aa\"]}",
	"{\"id\":3,\"method\":\"mempool.get_fee_histogram\",\"params\":[]}",
	"{\"id\":4,\"method\":\"server.ping\"}",
	"{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":[\"ElectrumX 1.16.0\",\"1.4\"]}",
	/* language servers, debug adapters, tool protocols */
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"processId\":1}}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":{\"text\":\"x\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"submit\"}}",
	"{\"seq\":153,\"type\":\"request\",\"command\":\"next\",\"arguments\":{\"threadId\":3}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"capabilities\":{\"hoverProvider\":true}}}",
	/* media, downloads, chains, wallets */
	"{\"jsonrpc\":\"2.0\",\"method\":\"JSONRPC.Ping\",\"id\":1}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"aria2.addUri\",\"params\":[[\"http://"
	"x\"]]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_getHeader\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getBalance\",\"params\":[\"83ast\"]}",
	"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"getmininginfo\",\"params\":[]}",
	"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"getnetworkhashps\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[{},\"latest\"]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_mining\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_hashrate\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_coinbase\",\"params\":[]}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get_info\"}",
	/* who controls a miner, or plays one */
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"mining.start\",\"params\":[{\"threads\":4}]}",
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"mining.stop\",\"params\":[]}",
	"{\"method\":\"mining.restart\",\"id\":3,\"device\":\"*\"}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"test\",\"method\":\"mining.status\"}",
	"{\"id\":4,\"method\":\"mining.info\",\"params\":{}}",
	"{\"method\":\"mining.enable\",\"id\":5,\"device\":\"1\"}",
	"{\"method\":\"mining.disable\",\"id\":6,\"device\":\"1\"}",
	/* any login, any queue */
	"{\"id\":1,\"method\":\"login\",\"params\":{\"username\":\"ann\",\"password\":\"x\"}}",
	"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"secret\"}}",
	"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\",\"token\":"
	"\"t\","
	"\"agent\":\"XMRig/6.26.0\"}}",
	"{\"id\":1,\"method\":\"login\",\"params\":[\"ann\",\"x\"]}",
	"{\"type\":\"auth\",\"params\":{\"user\":\"ann\"}}",
	"{\"type\":\"submit\",\"params\":{\"job_id\":\"17\"}}",
	"{\"id\":7,\"method\":\"submit\",\"params\":{\"job_id\":\"17\",\"queue\":\"default\"}}",
	"{\"id\":7,\"method\":\"submit\",\"params\":{\"job_id\":\"17\",\"nonce\":\"d0030040\","
	"\"result\":\"ok\"}}",
	"{\"method\":\"job\",\"params\":{\"job_id\":\"17\",\"target\":\"release\",\"blob\":"
	"\"main\"}}",
	"{\"method\":\"job\",\"params\":{\"job_id\":\"17\",\"target\":\"f3220000\"}}",
	"{\"id\":7,\"result\":{\"status\":\"OK\"}}",
	"{\"id\":7,\"result\":{\"status\":\"OK\",\"job\":{\"job_id\":\"17\",\"target\":\"all\"}}}",
	"{\"id\":7,\"result\":true,\"error\":null}",
	"{\"id\":7,\"result\":null,\"error\":[21,\"Job not found\",null]}",
	"{\"id\":7,\"method\":\"keepalive\"}",
	/* other keys, queues and templates */
	"{\"id\":\"login\",\"jsonrpc\":\"2.0\",\"method\":\"login\",\"api_key\":"
	"\"1111111111111111111111111111111111111111111111111111111111111111\"}",
	"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":null}",
	"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"status\",\"params\":null}",
	"{\"id\":\"0\",\"method\":\"status\",\"result\":{\"accepted\":4,\"rejected\":1}}",
	"{\"id\":\"0\",\"method\":\"getjobtemplate\",\"params\":{\"name\":\"nightly\"}}",
	"{\"id\":\"9\",\"method\":\"job\",\"input\":\"s3://bucket/in\",\"difficulty\":3}",
	"{\"id\":\"9\",\"method\":\"solution\",\"nonce\":\"00\",\"output\":\"42\"}",
	"{\"id\":\"9\",\"method\":\"result\",\"code\":1,\"description\":\"accepted\"}",
	"{\"id\":\"9\",\"method\":\"cancel\"}",
	"{\"id\":\"9\",\"method\":\"submit\",\"params\":{\"job_id\":4,\"nonce\":7,\"pow\":[1,2]}}",
	"{\"method\":\"job\",\"params\":{\"job_id\":4,\"height\":2,\"difficulty\":1,"
	"\"pre_pow\":\"setup\"}}",
	"{\"id\":4,\"method\":\"block_template\",\"params\":{\"job_id\":\"4\",\"blob\":\"news\"}}",
	/* text about mining */
	"{\"room\":\"ops\",\"text\":\"{\\\"id\\\":1,\\\"method\\\":\\\"mining.submit\\\","
	"\\\"params\\\":[]}\"}",
	"{\"msg\":\"mining.submit\",\"url\":\"stratum+tcp://198.51.100.120:3333\"}",
	"{\"row\":{\"method\":\"mining.submit\",\"params\":[\"a\",\"b\",\"c\",\"66b1f0ab\","
	"\"5c1e0f2a\"]}}",
	"{\"rows\":[[1,\"mining.submit\"],[2,\"{\\\"method\\\":\\\"mining.notify\\\"}\"]]}",
	"[{\"line\":{\"method\":\"mining.notify\"}},{\"worker\":\"eth1.0\"}]",
	"{\"worker\":\"eth1.0\",\"host\":\"db1\"}",
	"{\"method\":[\"mining.submit\"],\"params\":[]}",
	"{\"method\":{\"name\":\"mining.submit\"},\"params\":[]}",
	"{\"params\":{\"method\":\"mining.submit\"},\"method\":\"log.write\",\"id\":3}",
	"{\"command\":\"summary\"}",
	"{\"id\":1,\"method\":\"client.hello\",\"params\":[\"192.0.2.9\",3333]}",
	"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":["
	"\"0x1111111111111111111111111111111111111111111111111111111111111111\","
	"\"0x2222222222222222222222222222222222222222222222222222222222222222\","
	"\"0x3333333333333333333333333333333333333333333333333333333333333333\"]}",
};

#define LOOKALIKE_COUNT (sizeof(lookalikes) / sizeof(lookalikes[0]))

#endif
