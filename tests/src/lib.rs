//! What every end-to-end test needs: a started server and a client.
