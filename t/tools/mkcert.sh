#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mkcert.sh DIR [SAN]: certificates for tests, valid for two days.
#	ca.pem ca.key		a CA
#	server.pem key.pem	signed by it; for 127.0.0.1, ::1, 10.99.0.1-20, localhost and the
#				names of a Kubernetes API server, and SAN (IP:1.2.3.4,DNS:name)
#	wrong.pem		signed by it with the same key, for 192.0.2.1 only
#	expired.pem		likewise with server.pem's names, but over since yesterday
#	client.pem client.key	signed by it, for clients; locked.key: the key with a passphrase
#	other-ca.pem		another CA that signed nothing
set -eu
[ $# = 1 ] || [ $# = 2 ] || { echo "usage: mkcert.sh DIR [SAN]" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

san=${2:+$2,}IP:127.0.0.1,IP:::1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default
san=$san,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
i=1
while [ $i -le 20 ]; do
	san=$san,IP:10.99.0.$i
	i=$((i + 1))
done

quiet() {
	"$@" 2> mkcert.log || { cat mkcert.log >&2; exit 1; }
}

key() { # FILE
	quiet openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

ca() { # NAME CN
	key "$1.key"
	quiet openssl req -x509 -new -key "$1.key" -days 2 -subj "/CN=$2" -out "$1.pem" \
	    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

sign() { # KEY OUT CN SAN USAGE DAYS
	quiet openssl req -new -key "$1" -subj "/CN=$3" -out request.pem
	{
		echo "basicConstraints = CA:FALSE"
		echo "extendedKeyUsage = $5"
		[ -z "$4" ] || echo "subjectAltName = $4"
	} > extensions
	quiet openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
	    -days "$6" -extfile extensions -out "$2"
	rm -f request.pem extensions
}

ca ca kha-test-ca
ca other-ca kha-test-other-ca
key key.pem
sign key.pem server.pem kube-apiserver "$san" serverAuth 2
sign key.pem wrong.pem kube-apiserver IP:192.0.2.1,DNS:wrong.example serverAuth 2
sign key.pem expired.pem kube-apiserver "$san" serverAuth -1
key client.key
sign client.key client.pem kha-check "" clientAuth 2
quiet openssl ec -in client.key -aes128 -passout pass:secret -out locked.key
rm -f mkcert.log ca.srl other-ca.srl
